"""A Merkle tree over leaves that only ever grows, and its proofs. Pure.

Source: RFC 6962 section 2.1 (SHA-256; a leaf is hashed behind 0x00, a node behind 0x01).

The hash of a full subtree never changes once it is known, so these are what is kept: of a tree of n leaves
a node is found by its place (level, number), where level 0 is the leaves. Everything else, a root or a
proof, is folded from at most 2 log n of them.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import reduce

Place = tuple[int, int]
Range = tuple[int, int]
"""Leaves from the first to before the second."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over full subtrees that stand side by side, the largest first."""
    if not hashes:
        return EMPTY_ROOT
    *before, last = hashes
    return reduce(lambda right, left: node_hash(left, right), reversed(before), last)


def full_subtrees(leaves: Range) -> list[Place]:
    """The fewest full subtrees that hold exactly these leaves."""
    start, end = leaves
    places = []
    while start < end:
        largest = (end - start).bit_length() - 1
        level = min(largest, (start & -start).bit_length() - 1) if start else largest
        places.append((level, start >> level))
        start += 1 << level
    return places


class Edge:
    """The right edge of a growing tree: all that is needed for appending to it."""

    def __init__(self, size: int, hashes: Sequence[bytes]) -> None:
        self.size = size
        self._hashes = list(hashes)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Append one leaf; gives the subtrees above the leaves that are full now: level, number, hash."""
        grown: list[tuple[int, int, bytes]] = []
        number, node = self.size, leaf_hash(leaf)
        while number & 1:
            node = node_hash(self._hashes.pop(), node)
            number >>= 1
            grown.append((len(grown) + 1, number, node))
        self._hashes.append(node)
        self.size += 1
        return grown

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return fold(self._hashes)


def inclusion_ranges(position: int, size: int) -> list[Range]:
    """The leaves under each hash of the proof that the leaf at `position` is in the tree of `size`."""
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(first: int, second: int) -> list[Range]:
    """The leaves under each hash of the proof that the tree of `second` goes on where `first` ended."""
    start, end, path = 0, second, []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    if start:
        path.append((start, end))
    return path[::-1]


def hashes_of(ranges: Sequence[Range], node: Callable[[Place], bytes]) -> list[bytes]:
    """The hash over each of `ranges`, from the full subtrees that `node` knows."""
    return [fold([node(place) for place in full_subtrees(leaves)]) for leaves in ranges]


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)
