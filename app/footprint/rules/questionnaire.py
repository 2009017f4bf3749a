"""A person's month from questions: what may be answered, and which quantities follow. Pure.

A questionnaire is a document (data/person_month.toml, then a row that never changes), so an old result
is computed again from the very questions that were asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from app.footprint.rules.emitted import shared_out
from app.footprint.rules.faults import MOST_QUANTITY, Fault

QUESTIONS = 12
MOST_MEASURED = 100_000
"""More of one thing in one month is a slip of the finger; as a month's form takes it."""

MOST_KEPT = 50
"""So often a holder keeps one month: each time is a result that stays."""

ASSUMED, CHOSEN, MEASURED = "assumed", "chosen", "measured"
"""Where a quantity comes from: our default, a chosen option, a measured figure."""


class GuideRefused(ValueError):
    """A document that cannot be loaded; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its options' and measures' feeds, each so many units of a kind of emission."""

    key: str
    form: str
    default: str | int
    shared: bool
    least: int
    most: int
    options: Mapping[str, Mapping[str, int]]
    measures: Mapping[str, Mapping[str, int]]

    def most_of(self, measure: str) -> int:
        """The most that may be said of a measure, so that no kind passes what a month takes."""
        return min(MOST_MEASURED, MOST_QUANTITY // max(self.measures[measure].values()))

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind that an answer to this question may feed."""
        feeds = [*self.options.values(), *self.measures.values()]
        return frozenset(kind for each in feeds for kind in each)


@dataclass(frozen=True, slots=True)
class Move:
    """`share` of a kind goes away, or to another kind at `rate` of its units a unit."""

    source: str
    share: Fraction
    target: str | None
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Lever:
    """One thing that could be otherwise."""

    key: str
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """The computing part of a document of questions."""

    key: str
    version: int
    questions: tuple[Question, ...]
    levers: tuple[Lever, ...]

    def question(self, key: str) -> Question:
        """The question of that name. Raises KeyError."""
        return {each.key: each for each in self.questions}[key]


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind's quantity a month: one's own part, the whole before sharing, and where it comes from."""

    kind: str
    quantity: int
    whole: int
    people: int
    question: str
    origin: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What follows from the answers."""

    region: str
    people: int
    entries: tuple[Entry, ...]
    origins: Mapping[str, str]


def read_questionnaire(document: Mapping[str, Any]) -> Questionnaire:
    """The computing part of a document. Raises `GuideRefused`."""
    name = f"{document.get('key')} version {document.get('version')}"
    try:
        questions = tuple(_read_question(each) for each in document["question"])
        levers = tuple(_read_lever(each) for each in document["lever"])
        read = Questionnaire(document["key"], document["version"], questions, levers)
        _check(read, name)
    except (KeyError, TypeError, AttributeError, InvalidOperation, ValueError) as error:
        raise GuideRefused(f"{name}: {error}") from error
    return read


def _read_question(told: Mapping[str, Any]) -> Question:
    return Question(
        key=told["key"],
        form=told["form"],
        default=told["default"],
        shared=told.get("shared", False),
        least=told.get("least", 0),
        most=told.get("most", 0),
        options={each["key"]: each["feeds"] for each in told.get("option", [])},
        measures={each["key"]: each["feeds"] for each in told.get("measure", [])},
    )


def _read_lever(told: Mapping[str, Any]) -> Lever:
    moves = tuple(
        Move(
            each["from"],
            Fraction(Decimal(each["share"])),
            each.get("to"),
            Fraction(Decimal(each.get("rate", "1"))),
        )
        for each in told["moves"]
    )
    return Lever(told["key"], moves)


def _check(read: Questionnaire, name: str) -> None:
    """Refuse what would ask or compute nonsense."""
    kinds = [kind for question in read.questions for kind in question.kinds]
    feeds = [
        amount
        for question in read.questions
        for each in (*question.options.values(), *question.measures.values())
        for amount in each.values()
    ]
    measured = [key for question in read.questions for key in question.measures]
    moves = [move for lever in read.levers for move in lever.moves]
    wrong = {
        f"there are {QUESTIONS} questions": len(read.questions) != QUESTIONS,
        "a kind belongs to one question": len(kinds) != len(set(kinds)),
        "a measure is named once": len(measured) != len(set(measured)),
        "feeds are whole and positive": any(type(each) is not int or each < 1 for each in feeds),
        "a default is an option": any(
            question.form == "choice" and question.default not in question.options
            for question in read.questions
        ),
        "a share lies between 0 and 1": any(not 0 < move.share <= 1 for move in moves),
        "a rate is not negative": any(move.rate < 0 for move in moves),
        "a lever moves what is asked": any(
            not {move.source, move.target or move.source} <= set(kinds) for move in moves
        ),
        "version is positive": read.version < 1,
    }
    broken = [rule for rule, is_wrong in wrong.items() if is_wrong]
    if broken:
        raise GuideRefused(f"{name}: {'; '.join(broken)}")


def answer_faults(
    questionnaire: Questionnaire,
    answers: Mapping[str, Any],
    measured: Mapping[str, Any],
    regions: Sequence[str],
) -> list[Fault]:
    """Everything wrong with what was answered, by field."""
    known = {question.key: question for question in questionnaire.questions}
    measures = {key: each.most_of(key) for each in questionnaire.questions for key in each.measures}
    faults = []
    for key, answer in answers.items():
        if key not in known:
            faults.append(Fault(f"answers/{key}", "footprint.field_question"))
        elif fault := _answer_fault(known[key], answer, regions):
            faults.append(fault)
    for key, quantity in measured.items():
        if key not in measures:
            faults.append(Fault(f"measured/{key}", "footprint.field_measure"))
        elif type(quantity) is not int:
            faults.append(Fault(f"measured/{key}", "kit.field_whole"))
        elif not 0 <= quantity <= measures[key]:
            limits = {"least": 0, "most": measures[key]}
            faults.append(Fault(f"measured/{key}", "kit.field_between", limits))
    return faults


def _answer_fault(question: Question, answer: Any, regions: Sequence[str]) -> Fault | None:
    where = f"answers/{question.key}"
    if question.form == "number":
        if type(answer) is not int:
            return Fault(where, "kit.field_whole")
        if not question.least <= answer <= question.most:
            limits = {"least": question.least, "most": question.most}
            return Fault(where, "kit.field_between", limits)
    elif question.form == "region":
        if answer not in regions:
            return Fault(where, "footprint.field_province")
    elif answer not in question.options:
        return Fault(where, "kit.field_one_of", {"choices": ", ".join(question.options)})
    return None


def follow(questionnaire: Questionnaire, answers: Mapping[str, Any], measured: Mapping[str, Any]) -> Answered:
    """The quantities that follow from sound answers; what was not answered takes its default."""
    told = {question.key: answers.get(question.key, question.default) for question in questionnaire.questions}
    people = int(told["people"])
    entries: list[Entry] = []
    origins = {}
    for question in questionnaire.questions:
        given = {key: measured[key] for key in question.measures if key in measured}
        origin = MEASURED if given else CHOSEN if question.key in answers else ASSUMED
        origins[question.key] = origin
        if question.form == "choice":
            wholes = _measured(question, given) if given else question.options[told[question.key]]
            sharers = people if question.shared else 1
            entries += [
                Entry(
                    kind, min(shared_out(whole, sharers), MOST_QUANTITY), whole, sharers, question.key, origin
                )
                for kind, whole in wholes.items()
                if whole
            ]
    return Answered(str(told["province"]), people, tuple(entries), origins)


def _measured(question: Question, given: Mapping[str, int]) -> dict[str, int]:
    """What was measured stands for the whole answer to its question."""
    wholes: dict[str, int] = {}
    for key, quantity in given.items():
        for kind, each in question.measures[key].items():
            wholes[kind] = wholes.get(kind, 0) + quantity * each
    return wholes


def moved(lever: Lever, quantities: Mapping[str, int]) -> dict[str, Fraction]:
    """The quantities that a lever changes, as they would be; empty where it has nothing to move."""
    changed: dict[str, Fraction] = {}
    for move in lever.moves:
        held = quantities.get(move.source, 0)
        if not held:
            continue
        taken = held * move.share
        changed[move.source] = changed.get(move.source, Fraction(held)) - taken
        if move.target is not None:
            before = changed.get(move.target, Fraction(quantities.get(move.target, 0)))
            changed[move.target] = before + taken * move.rate
    return changed
