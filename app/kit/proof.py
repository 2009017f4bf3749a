"""A statement about the stored data that must always be true, with the figures that show it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """One line of `flask prove`: what is claimed (a message name), its figures, and whether it holds."""

    claim: str
    figures: dict[str, int]
    holds: bool


def equal(claim: str, **figures: int) -> Proof:
    """The claim that all `figures` are the same number."""
    return Proof(claim, figures, len(set(figures.values())) <= 1)


def none(claim: str, **figures: int) -> Proof:
    """The claim that every one of `figures` (faults found) is zero."""
    return Proof(claim, figures, not any(figures.values()))
