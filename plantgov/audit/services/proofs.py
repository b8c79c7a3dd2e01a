"""Proofs that an entry is in the log and that the log only ever grew."""

from collections.abc import Iterable

from plantgov.audit import selectors
from plantgov.audit.rules import merkle


def inclusion_proof(index: int, size: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the tree of `size` leaves."""
    return inclusion_proofs([index], size)[index]


def inclusion_proofs(indices: Iterable[int], size: int) -> dict[int, list[bytes]]:
    """The same for many leaves, with the same two queries."""
    paths = {index: merkle.inclusion_path(index, size) for index in indices}
    found = selectors.hashes({address for path in paths.values() for part in path for address in part})
    return {index: [merkle.fold(part, found) for part in path] for index, path in paths.items()}


def consistency_proof(old: int, new: int) -> list[bytes]:
    """The hashes that show the tree of `old` leaves to be the beginning of the one of `new`."""
    path = merkle.consistency_path(old, new)
    found = selectors.hashes({address for part in path for address in part})
    return [merkle.fold(part, found) for part in path]
