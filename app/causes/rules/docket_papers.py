"""The papers of a case 材料清单: which there are, and which are needed when. Pure.

Five of the six papers of 龙岩 (六书) and the purchase voucher of 长阳. Source: platforms J1 and J6, both of
grade C, and courts differ (J12). So a paper can be waived with a reason, which the docket keeps.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from app.causes.rules.dockets import TONNES

STAGES = ("investigation", "prosecution", "trial", "enforcement", "administrative")
"""侦查、起诉、审判、执行、行政: where a case stands when the purchase is agreed or ordered."""
COURT_KINDS = ("court", "procuratorate", "police", "administration")
"""Who can have dockets here. Their stages are theirs alone, except that a court also enforces what an
administration decided (非诉执行)."""
STAGES_OF: Mapping[str, tuple[str, ...]] = {
    "court": ("trial", "enforcement", "administrative"),
    "procuratorate": ("prosecution",),
    "police": ("investigation",),
    "administration": ("administrative",),
}
RULING, LETTER = "ruling", "letter"
"""Two moments: before a ruling is confirmed, and before the letter of its fulfilment."""
_VOLUNTARY = ("investigation", "prosecution", "trial", "administrative")


class Paper(NamedTuple):
    """One kind of paper: the stages that need it, by which moment, whether only where tonnes are measured."""

    stages: tuple[str, ...] = ()
    by: str = RULING
    measured: bool = False


PAPERS: Mapping[str, Paper] = {
    # 承诺书: the party undertakes it of their own will; what is enforced needs no will.
    "undertaking": Paper(_VOLUNTARY),
    # 测算通知书: the case's organ asks the forestry bureau to measure the loss.
    "measurement_notice": Paper(_VOLUNTARY, measured=True),
    # 委托书: the commission to who measures.
    "commission": Paper(_VOLUNTARY, measured=True),
    # 评定意见书: what the loss is, in tonnes or yuan. Whoever enforces has it from the judgment.
    "opinion": Paper(_VOLUNTARY),
    # 缴纳通知书: how much, by when, how to pay.
    "payment_notice": Paper(STAGES, LETTER),
    # 认购凭证: what was bought; our certificates are it, so that nobody has to bring one.
    "voucher": Paper(STAGES, LETTER),
    # 裁判文书、决定书: what is enforced, or what decides an administrative case.
    "decision": Paper(("enforcement", "administrative")),
    "restoration_plan": Paper(),
    "agreement": Paper(),
    "receipt": Paper(),
    "other": Paper(),
}
"""Every kind of paper; those of no stage are kept where there are any."""


class Line(NamedTuple):
    """A paper on a docket's list: whether it is needed, by when, and how it stands."""

    kind: str
    by: str
    state: str


PRESENT, WAIVED, MISSING = "present", "waived", "missing"


def needed(stage: str, basis: str | None) -> dict[str, str]:
    """The papers that a case needs, each with the moment by which; `basis` None while nothing is ruled."""
    return {
        kind: paper.by
        for kind, paper in PAPERS.items()
        if stage in paper.stages and not (paper.measured and basis is not None and basis != TONNES)
    }


def checklist(stage: str, basis: str | None, present: Collection[str], waived: Collection[str]) -> list[Line]:
    """The list of a docket, in the order of the way that papers take."""
    return [
        Line(kind, by, PRESENT if kind in present else WAIVED if kind in waived else MISSING)
        for kind, by in needed(stage, basis).items()
    ]


def lacking(lines: Collection[Line], moment: str) -> list[str]:
    """The kinds that are missing at a moment; before the letter also what the ruling needed."""
    moments = (RULING,) if moment == RULING else (RULING, LETTER)
    return [each.kind for each in lines if each.state == MISSING and each.by in moments]


MOST_PAPERS = 60
LARGEST_PAPER_BYTES = 5 * 1024 * 1024
