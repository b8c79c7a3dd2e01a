"""The verifier's own Ed25519, notes and JSON: against RFC 8032, a library, and what must not be accepted."""

import base64
import json

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from plantgov.audit.rules import merkle, notes
from plantgov.audit.verifier import verify

# RFC 8032, section 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
IDENTITY = (1).to_bytes(32, "little")


def _bytes(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


@pytest.mark.parametrize("vector", VECTORS)
def test_the_published_signatures_hold(vector):
    assert verify.ed25519_holds(*_bytes(*vector))


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("bit", [0, 7, 255, 256, 300, 511])
def test_a_signature_with_another_bit_does_not(vector, bit):
    key, message, signature = _bytes(*vector)
    broken = bytearray(signature)
    broken[bit // 8] ^= 1 << bit % 8
    assert not verify.ed25519_holds(key, message, bytes(broken))


def test_a_signature_has_one_form_only():
    """S + L is the same scalar; accepting it would give every signature a twin."""
    key, message, signature = _bytes(*VECTORS[1])
    scalar = int.from_bytes(signature[32:], "little") + verify.ORDER
    assert not verify.ed25519_holds(key, message, signature[:32] + scalar.to_bytes(32, "little"))


def test_a_key_of_small_order_signs_nothing():
    """With the identity as key, R = S·B holds for every message."""
    assert not verify.ed25519_holds(IDENTITY, b"anything", IDENTITY + bytes(32))


def test_what_is_no_key_or_no_signature_signs_nothing():
    key, message, signature = _bytes(*VECTORS[0])
    assert not verify.ed25519_holds(key[:31], message, signature)
    assert not verify.ed25519_holds(key, message, signature + b"\0")
    assert not verify.ed25519_holds((verify.P + 1).to_bytes(32, "little"), message, signature)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_a_library_agrees(seed, message, bit):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = private.sign(message)
    assert verify.ed25519_holds(key, message, signature)
    broken = bytearray(signature)
    broken[bit // 8] ^= 1 << bit % 8
    assert not verify.ed25519_holds(key, message, bytes(broken))
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(key).verify(bytes(broken), message)


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(_json)
def test_canonical_json_is_the_librarys(value):
    assert verify.canonical(value) == rfc8785.dumps(value)
    assert verify.parse(rfc8785.dumps(value).decode()) == value


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "1.5", "NaN", '{"a":1e3}'])
def test_json_that_can_be_read_two_ways_is_refused(text):
    with pytest.raises(ValueError, match=r"twice|no integer"):
        verify.parse(text)


def test_the_proof_of_growth_is_followed_as_the_rfc_says():
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(40)]
    known = {(0, n): leaf for n, leaf in enumerate(leaves)}
    known |= merkle.grow(0, leaves, known.__getitem__)
    roots = {size: merkle.fold(merkle.edge(size), known) for size in range(1, 41)}
    for new in range(1, 41):
        for old in range(1, new + 1):
            path = [merkle.fold(part, known) for part in merkle.consistency_path(old, new)]
            assert verify.is_consistent(old, new, roots[old], roots[new], path)
            assert not verify.is_consistent(old, new, roots[new][::-1], roots[new], path)
            assert not verify.is_consistent(old, new, roots[old], roots[new], [*path, bytes(32)])
            assert old == new or not verify.is_consistent(old, new, roots[old], roots[new], path[:-1])


def test_the_proof_of_a_leaf_is_followed_as_the_rfc_says():
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(21)]
    known = {(0, n): leaf for n, leaf in enumerate(leaves)}
    known |= merkle.grow(0, leaves, known.__getitem__)
    for size in range(1, 22):
        root = merkle.fold(merkle.edge(size), known)
        for index in range(size):
            path = [merkle.fold(part, known) for part in merkle.inclusion_path(index, size)]
            assert verify.root_from_inclusion(index, size, leaves[index], path) == root
            assert verify.root_from_inclusion(index, size, leaves[index], [*path, root]) is None
            assert not path or verify.root_from_inclusion(index, size, leaves[index], path[:-1]) is None


def test_a_note_is_read_in_its_one_form_only():
    private = Ed25519PrivateKey.generate()
    key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = "a.example/ledger\n7\n" + base64.b64encode(bytes(32)).decode() + "\n"
    note = notes.signed(text, name="a.example/ledger", public_key=key, signature=private.sign(text.encode()))
    head = verify.read_checkpoint(note.encode(), [key], "it")
    assert (head["origin"], head["size"], head["root"]) == ("a.example/ledger", 7, bytes(32))
    for broken in (
        note[:-1],
        note + "\n",
        note.replace("\n7\n", "\n8\n"),
        note.replace("\n7\n", "\n07\n"),
        note.replace("\u2014", "-"),
        note.replace("\n\n", "\n"),
        note + note.split("\n\n")[1],
    ):
        with pytest.raises(verify.Wrong):
            verify.read_checkpoint(broken.encode(), [key], "it")


def test_fingerprints_are_those_of_openssl():
    key = Ed25519PrivateKey.generate().public_key()
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert verify.DER_PREFIX + raw == der == notes.DER_PREFIX + raw
    assert verify.fingerprint(raw) == notes.fingerprint(raw)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert notes.pem(raw) == pem
    assert verify.read_key(pem, "it") == raw


def test_every_column_of_the_ledgers_table_is_held_against_the_entry():
    entry = {"uid": "u", "thing": {"seq": 1, "kind": "k", "label": "l"}, "actor": {"label": "a"}}
    assert set(verify.facts_of(json.loads(json.dumps(entry)))) == set(verify.COLUMNS)
