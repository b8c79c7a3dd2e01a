"""Our tree against the published vectors of RFC 6962 and against a library that is not ours."""

import hashlib

import pytest
from pymerkle import InmemoryTree

from plantgov.audit.rules import merkle

# The leaves and roots published with the reference implementation of RFC 6962.
LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    bytes.fromhex("2021"),
    bytes.fromhex("3031"),
    bytes.fromhex("40414243"),
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (leaf, size, proof): the published inclusion proofs, leaves counted from zero.
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def stored(leaves: list[bytes]) -> dict[merkle.Address, bytes]:
    """Leaves and complete subtrees as the sealer keeps them, sealed one by one."""
    known: dict[merkle.Address, bytes] = {}
    for size, data in enumerate(leaves):
        hashed = merkle.leaf_hash(data)
        known |= merkle.grow(size, [hashed], known.__getitem__) | {(0, size): hashed}
    return known


KNOWN = stored(LEAVES)


def proof(path: list[merkle.Subtree], known: dict[merkle.Address, bytes]) -> list[bytes]:
    return [merkle.fold(part, known) for part in path]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size):
    assert merkle.fold(merkle.edge(size), KNOWN).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert merkle.fold(merkle.edge(0), {}) == hashlib.sha256(b"").digest()


@pytest.mark.parametrize(("index", "size", "expected"), INCLUSION)
def test_inclusion_proofs_are_the_published_ones(index, size, expected):
    assert [h.hex() for h in proof(merkle.inclusion_path(index, size), KNOWN)] == expected


@pytest.mark.parametrize(("old", "new", "expected"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(old, new, expected):
    assert [h.hex() for h in proof(merkle.consistency_path(old, new), KNOWN)] == expected


def test_growing_in_batches_gives_the_same_tree_as_one_by_one():
    leaves = [bytes([number]) * 3 for number in range(100)]
    whole = stored(leaves)
    known: dict[merkle.Address, bytes] = {}
    size = 0
    for batch in (1, 2, 30, 31, 36):
        hashed = [merkle.leaf_hash(data) for data in leaves[size : size + batch]]
        known |= merkle.grow(size, hashed, known.__getitem__)
        known |= {(0, size + offset): value for offset, value in enumerate(hashed)}
        size += batch
    assert known == whole


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 33, 64])
def test_another_implementation_agrees_on_roots_and_inclusion(size):
    leaves = [f"entry {number}".encode() for number in range(size)]
    other = InmemoryTree(algorithm="sha256")
    for data in leaves:
        other.append_entry(data)
    known = stored(leaves)
    assert merkle.fold(merkle.edge(size), known) == other.get_root()
    for index in range(size):
        theirs = other.prove_inclusion(index + 1, size).serialize()["path"]
        ours = [h.hex() for h in proof(merkle.inclusion_path(index, size), known)]
        assert ours == theirs[1:]  # theirs begins with the leaf itself


@pytest.mark.parametrize(("index", "size"), [(8, 8), (-1, 8), (0, 0)])
def test_what_lies_outside_the_tree_has_no_proof(index, size):
    with pytest.raises(ValueError, match="has no leaf"):
        merkle.inclusion_path(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_a_tree_goes_on_from_nothing_larger_and_nothing_empty(old, new):
    with pytest.raises(ValueError, match="cannot go on"):
        merkle.consistency_path(old, new)
