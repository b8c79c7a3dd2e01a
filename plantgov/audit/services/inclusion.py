"""Whether an entry is where the ledger says it is, checked with the very bytes stored."""

from dataclasses import dataclass

from plantgov.audit.models import Checkpoint, Entry, Leaf
from plantgov.audit.rules import merkle
from plantgov.audit.services import proofs


@dataclass(frozen=True)
class Inclusion:
    """Where an entry stands, what first covered it, and whether that holds.

    `holds` is None while the entry is not sealed.
    """

    index: int | None = None
    checkpoint: Checkpoint | None = None
    proof: tuple[bytes, ...] = ()
    holds: bool | None = None


def state_of(entry: Entry) -> Inclusion:
    """Prove the entry against the first checkpoint that covers it."""
    leaf = Leaf.objects.filter(entry=entry).first()
    if leaf is None:
        return Inclusion()
    covering = Checkpoint.objects.select_related("origin", "key").filter(size__gt=leaf.index)
    return prove(entry, leaf.index, covering.order_by("pk").first())


def prove(entry: Entry, index: int, checkpoint: Checkpoint | None) -> Inclusion:
    """Prove leaf `index` to be the entry as it is stored now, under `checkpoint`."""
    if checkpoint is None:
        return Inclusion(index, None, (), holds=False)
    try:
        proof = proofs.inclusion_proof(index, checkpoint.size)
    except KeyError:
        return Inclusion(index, checkpoint, (), holds=False)
    root = _root(merkle.leaf_hash(bytes(entry.canonical)), index, checkpoint.size, proof)
    return Inclusion(index, checkpoint, tuple(proof), holds=root == bytes(checkpoint.root))


def _root(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root to which a proof of the right length leads."""
    if size == 1:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    *rest, sibling = proof
    if index < half:
        return merkle.node_hash(_root(leaf, index, half, rest), sibling)
    return merkle.node_hash(sibling, _root(leaf, index - half, size - half, rest))
