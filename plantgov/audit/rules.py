"""The arithmetic of the ledger's tree (RFC 6962, section 2.1) and of signed notes. Pure."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

EMPTY_ROOT = hashlib.sha256(b"").digest()
Place = tuple[int, int]  # level and position of a complete subtree; level 0 is the leaf itself
Span = tuple[int, int]  # leaves from (included) to (excluded)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def subtrees(span: Span) -> list[Place]:
    """The complete subtrees that make up a span, left to right; the span begins where a subtree may begin."""
    start, end = span
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        found.append((level, start >> level))
        start += 1 << level
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """One hash from those of neighbouring complete subtrees, joined from the right."""
    if not hashes:
        return EMPTY_ROOT
    joined = hashes[-1]
    for left in reversed(hashes[:-1]):
        joined = node_hash(left, joined)
    return joined


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The spans whose hashes prove the leaf `index` in a tree of `size` leaves, nearest first."""
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size}.")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """The spans whose hashes prove that a tree of `new` leaves begins with the tree of `old` leaves."""
    if not 0 < old <= new:
        raise ValueError(f"A tree of {new} leaves cannot be compared with one of {old}.")
    spans: list[Span] = []
    start, end = 0, new
    whole = True  # whether the old tree is a complete subtree whose hash the reader knows already
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, whole = middle, False
    if not whole:
        spans.append((start, end))
    return spans[::-1]


def grown(size: int, leaves: Sequence[bytes], peaks: dict[Place, bytes]) -> dict[Place, bytes]:
    """The complete subtrees above level 0 that `leaves` add to a tree of `size`, whose `peaks` are given."""
    known = {**peaks, **{(0, size + i): leaf for i, leaf in enumerate(leaves)}}
    end = size + len(leaves)
    added: dict[Place, bytes] = {}
    level = 1
    while end >> level:
        for position in range(size >> level, end >> level):
            pair = known[level - 1, 2 * position], known[level - 1, 2 * position + 1]
            known[level, position] = added[level, position] = node_hash(*pair)
        level += 1
    return added


def checkpoint_text(origin: str, size: int, root: bytes, at: datetime) -> str:
    """The body of a checkpoint: origin, size, root, and the time as an extension line."""
    moment = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\ntime {moment}\n"


def key_id(name: str, public_key: bytes) -> bytes:
    """The four bytes that tell which key signed a note (Ed25519 is algorithm 1)."""
    return hashlib.sha256(name.encode() + b"\n\x01" + public_key).digest()[:4]


def signed_note(text: str, name: str, identity: bytes, signature: bytes) -> str:
    """A note with its signature line."""
    return f"{text}\n\u2014 {name} {base64.b64encode(identity + signature).decode()}\n"


def fingerprint(public_key: bytes) -> str:
    """What people compare when they compare keys: SHA-256 of the raw public key, in hex."""
    return hashlib.sha256(public_key).hexdigest()


def safe_cell(value: object) -> str:
    """A value for CSV that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\n", "|"} else text


def thousands(indexes: Iterable[int], many: int = 1000) -> Iterable[list[int]]:
    """Numbers in portions that fit a statement."""
    portion: list[int] = []
    for index in indexes:
        portion.append(index)
        if len(portion) == many:
            yield portion
            portion = []
    if portion:
        yield portion
