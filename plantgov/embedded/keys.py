"""The key that signs the ledger's checkpoints."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plantgov.embedded.place import Place, write_private


def signing_key_file(place: Place) -> Path:
    """The file with the installation's Ed25519 key (PKCS#8 PEM), made on the first call."""
    path = place.keys / "ledger.pem"
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_private(path, pem.decode("ascii"))
    return path
