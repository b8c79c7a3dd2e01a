"""The key that signs checkpoints: a file outside the database, read by the sealer alone."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.conf import settings

from plantgov.audit.rules import notes


class KeyUnusable(Exception):
    """The signing key is missing or is none; nothing can be sealed until it is there."""


@dataclass(frozen=True)
class Signer:
    """A private key that can be used, and the public half of it."""

    private: Ed25519PrivateKey
    public_key: bytes

    @property
    def fingerprint(self) -> str:
        """How people compare the key."""
        return notes.fingerprint(self.public_key)

    def note(self, text: str, *, name: str) -> str:
        """The text with its signature, as a note signed under `name`."""
        signature = self.private.sign(text.encode())
        return notes.signed(text, name=name, public_key=self.public_key, signature=signature)


def signer() -> Signer:
    """The key of PLANTGOV_SIGNING_KEY_FILE. Raises `KeyUnusable` with what to do about it."""
    path = Path(settings.PLANTGOV_SIGNING_KEY_FILE)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyUnusable(
            f"The ledger's signing key {path} cannot be read ({error.strerror}). Set "
            "PLANTGOV_SIGNING_KEY_FILE to the Ed25519 key of this installation, in PEM. A new one is made by "
            "`manage.py up`, or by `openssl genpkey -algorithm ed25519`."
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"{path} holds no private key in PEM without a passphrase.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} holds a key of another kind; checkpoints are signed with Ed25519.")
    return Signer(key, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
