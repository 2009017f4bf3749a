"""The log's tree against RFC 6962: known roots, a naive tree, and proofs that hold for nothing else."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.rules import merkle
from app.registry.rules.merkle import Edge, Place
from senhui_verify import merkle as theirs

# The leaves and roots with which Certificate Transparency's own implementations test themselves
# (google/certificate-transparency, merkle_tree_test.cc).
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
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


class Stored:
    """A tree as the database keeps it: hashes of full subtrees."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[Place, bytes] = {}
        self.edge = Edge(0, [])
        self.roots = [self.edge.root()]
        for number, leaf in enumerate(leaves):
            self.nodes[0, number] = merkle.leaf_hash(leaf)
            self.nodes |= {(level, place): node for level, place, node in self.edge.append(leaf)}
            self.roots.append(self.edge.root())

    def hashes(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        return merkle.hashes_of(ranges, self.nodes.__getitem__)


def naive_root(leaves: list[bytes]) -> bytes:
    """Straight from the RFC's text."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


trees = st.integers(1, 70).map(lambda size: [f"leaf {number}".encode() for number in range(size)])


def test_the_roots_are_those_that_certificate_transparency_tests_with() -> None:
    assert [root.hex() for root in Stored(LEAVES).roots[1:]] == ROOTS
    assert Stored([]).roots[0].hex() == hashlib.sha256(b"").hexdigest()


@given(trees)
def test_every_root_is_the_naive_trees_and_the_verifiers(leaves: list[bytes]) -> None:
    tree = theirs.Tree()
    for leaf in leaves:
        tree.append(theirs.leaf_hash(leaf))
    assert Stored(leaves).roots[-1] == naive_root(leaves) == tree.root()


@given(trees, st.data())
def test_an_edge_taken_from_the_store_goes_on_as_the_one_that_never_stopped(
    leaves: list[bytes], data: st.DataObject
) -> None:
    stored, size = Stored(leaves), data.draw(st.integers(0, len(leaves)))
    resumed = Edge(size, [stored.nodes[place] for place in merkle.full_subtrees((0, size))])
    assert resumed.root() == stored.roots[size]
    for leaf in leaves[size:]:
        resumed.append(leaf)
    assert resumed.root() == stored.roots[-1]


@given(trees, st.data())
def test_a_leaf_is_proved_at_its_own_place_only(leaves: list[bytes], data: st.DataObject) -> None:
    stored = Stored(leaves)
    size = data.draw(st.integers(1, len(leaves)))
    position = data.draw(st.integers(0, size - 1))
    path = stored.hashes(merkle.inclusion_ranges(position, size))
    assert len(path) <= size.bit_length()

    def proves(leaf: bytes, place: int, steps: list[bytes]) -> bool:
        return theirs.root_by_inclusion(theirs.leaf_hash(leaf), place, size, steps) == stored.roots[size]

    assert proves(leaves[position], position, path)
    assert not proves(b"another", position, path)
    assert not proves(leaves[position], position, [*path, path[0] if path else b"\0" * 32])
    assert not any(
        proves(leaves[position], other, path) for other in range(-1, size + 1) if other != position
    )
    for place in range(len(path)):
        assert not proves(leaves[position], position, path[:place] + path[place + 1 :])
        assert not proves(leaves[position], position, [*path[:place], bytes(32), *path[place + 1 :]])


@given(trees, st.data())
def test_a_log_that_only_grew_is_consistent_and_a_rewritten_one_is_not(
    leaves: list[bytes], data: st.DataObject
) -> None:
    stored = Stored(leaves)
    second = data.draw(st.integers(1, len(leaves)))
    first = data.draw(st.integers(1, second))
    path = stored.hashes(merkle.consistency_ranges(first, second))
    old, new = stored.roots[first], stored.roots[second]
    assert theirs.is_consistent(first, old, second, new, path)
    rewritten = Stored([b"rewritten", *leaves[1:]]).roots
    assert not theirs.is_consistent(first, rewritten[first], second, new, path)
    assert not theirs.is_consistent(first, old, second, rewritten[second], path)
    for place in range(len(path)):
        assert not theirs.is_consistent(first, old, second, new, path[:place] + path[place + 1 :])
    assert not theirs.is_consistent(first, old, second, new, [*path, bytes(32)])


# The tree of seven leaves that RFC 6962 section 2.1.3 draws: h = [0, 2), i = [4, 6), k = [0, 4), l = [4, 7).
@pytest.mark.parametrize(
    ("position", "path"),
    [
        (0, [(1, 2), (2, 4), (4, 7)]),
        (3, [(2, 3), (0, 2), (4, 7)]),
        (4, [(5, 6), (6, 7), (0, 4)]),
        (6, [(4, 6), (0, 4)]),
    ],
)
def test_inclusion_proofs_are_the_rfcs_examples(position: int, path: list[tuple[int, int]]) -> None:
    assert merkle.inclusion_ranges(position, 7) == path


@pytest.mark.parametrize(
    ("first", "path"),
    [
        (3, [(2, 3), (3, 4), (0, 2), (4, 7)]),
        (4, [(4, 7)]),
        (6, [(4, 6), (6, 7), (0, 4)]),
        (7, []),
    ],
)
def test_consistency_proofs_are_the_rfcs_examples(first: int, path: list[tuple[int, int]]) -> None:
    assert merkle.consistency_ranges(first, 7) == path
