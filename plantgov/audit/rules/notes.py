"""Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint), and the names of keys."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

DER_PREFIX = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of an Ed25519 key (RFC 8410)
ED25519 = b"\x01"
DASH = "\u2014"


@dataclass(frozen=True)
class Head:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def text(self) -> str:
        """The bytes that are signed: origin, size, root, then the time as an extension line."""
        stamp = self.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\ntime {stamp}\n"


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of the key as DER: what `openssl pkey -pubin -outform DER | sha256sum` says too."""
    return hashlib.sha256(DER_PREFIX + public_key).hexdigest()


def pem(public_key: bytes) -> str:
    """The key as PEM."""
    body = base64.b64encode(DER_PREFIX + public_key).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


def key_hash(name: str, public_key: bytes) -> bytes:
    """The four bytes by which a note names the key that signed it."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:4]


def signed(text: str, *, name: str, public_key: bytes, signature: bytes) -> str:
    """The note: text, empty line, signature line."""
    blob = base64.b64encode(key_hash(name, public_key) + signature).decode()
    return f"{text}\n{DASH} {name} {blob}\n"
