"""The Merkle tree of RFC 6962: hashes, right edges, inclusion and consistency proofs, all in log time.

A subtree is addressed by (level, index): it covers the leaves index·2^level to (index + 1)·2^level. Only complete
subtrees are kept; every other hash is folded from at most log n of them. A proof is worked out in two steps: which
subtrees it needs (`…_path`), then, with their hashes at hand, its hashes (`fold`).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

Address = tuple[int, int]  # level, index
Subtree = tuple[Address, ...]  # complete subtrees, left to right, that fold into one hash
EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def edge(size: int) -> Subtree:
    """The complete subtrees that make up a tree of `size` leaves, largest first."""
    return _cover(0, size)


def _cover(start: int, end: int) -> Subtree:
    """The complete subtrees that make up the leaves from `start` to `end`, as one RFC 6962 tree."""
    found, at = [], start
    while at < end:
        level = (end - at).bit_length() - 1
        found.append((level, at >> level))
        at += 1 << level
    return tuple(found)


def fold(subtree: Subtree, hashes: Mapping[Address, bytes]) -> bytes:
    """The hash over complete subtrees, right to left."""
    if not subtree:
        return EMPTY_ROOT
    folded = hashes[subtree[-1]]
    for address in reversed(subtree[:-1]):
        folded = node_hash(hashes[address], folded)
    return folded


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_path(index: int, size: int) -> list[Subtree]:
    """What the proof of leaf `index` in a tree of `size` needs, leaf to root. ValueError beyond the tree."""
    if not 0 <= index < size:
        raise ValueError(f"A tree of {size} leaves has no leaf {index}.")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_cover(middle, end))
            end = middle
        else:
            path.append(_cover(start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int) -> list[Subtree]:
    """What the proof needs that the tree of `old` leaves is a beginning of the one of `new`."""
    if not 0 < old <= new:
        raise ValueError(f"A tree of {new} leaves cannot go on from one of {old}.")
    path, start, end, is_whole = [], 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_cover(middle, end))
            end = middle
        else:
            path.append(_cover(start, middle))
            start, is_whole = middle, False
    if not is_whole:
        path.append(_cover(start, end))
    return path[::-1]


def grow(size: int, leaves: Sequence[bytes], left: Callable[[Address], bytes]) -> dict[Address, bytes]:
    """The complete subtrees above level 0 that appear when `leaves` follow `size` others.

    `left` gives the hashes of subtrees that stood before, which are on the right edge.
    """
    grown: dict[Address, bytes] = {(0, size + offset): hashed for offset, hashed in enumerate(leaves)}
    for at in range(size, size + len(leaves)):
        level, index, hashed = 0, at, grown[0, at]
        while index & 1:
            before = (level, index - 1)
            hashed = node_hash(grown[before] if before in grown else left(before), hashed)
            level, index = level + 1, index >> 1
            grown[level, index] = hashed
    return {address: hashed for address, hashed in grown.items() if address[0] > 0}
