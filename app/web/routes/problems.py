"""Refusals for people: the page behind every problem's `type`, and the page that a refusal itself is."""

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, request

from app.kit.http import public
from app.kit.messages import catalogue, language
from app.kit.problems import NotFound, Problem
from app.web.console import HOME
from app.web.pages import draw, page, web

WITH_OWN_PAGE = {"certificate_unknown": "problem_certificate.html"}
"""Refusals that can offer more than a sentence, by code."""


@web.get("/problems")
@public
def problem_list() -> Response:
    """Every kind of refusal there is."""
    return page(
        "problems.html", problems=sorted(known().values(), key=lambda each: (each.status or 0, each.code))
    )


@web.get("/problems/<string:code>")
@public
def problem_type(code: str) -> Response:
    """What one kind of refusal means. Raises `NotFound`."""
    found = known().get(code)
    if found is None:
        raise NotFound()
    return page("problem_type.html", problem=found)


@dataclass(frozen=True)
class ProblemType:
    """A kind of refusal as its page shows it; what belongs to one case only is shown as `…`."""

    code: str
    status: int | None
    title: str
    detail: str

    @property
    def phrase(self) -> str:
        """The status's own words."""
        return HTTPStatus(self.status).phrase if self.status else ""


def known() -> dict[str, ProblemType]:
    """Every kind of refusal of every room, by code."""
    found = {_code(each): _problem_type(each.message, each.status) for each in _family(Problem)}
    return {**found, "http_status": _problem_type("kit.http_status", None)}


def _family(problem: type[Problem]) -> Iterator[type[Problem]]:
    """A class and what inherits from it, except classes made on the spot for one answer."""
    if "<locals>" not in problem.__qualname__:
        yield problem
    for child in problem.__subclasses__():
        yield from _family(child)


def _code(problem: type[Problem]) -> str:
    return problem.message.split(".", 1)[1]


def _problem_type(message: str, status: int | None) -> ProblemType:
    texts, spoken = catalogue(), language()
    title, detail = texts[message][spoken], texts[f"{message}_detail"][spoken]
    return ProblemType(message.split(".", 1)[1], status, _without_case(title), _without_case(detail))


class _Any(Mapping[str, str]):
    """A stand-in for the particulars of a case."""

    def __getitem__(self, key: str) -> str:
        return "…"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _without_case(text: str) -> str:
    return string.Formatter().vformat(text, (), _Any())


def draw_problem(problem: Problem) -> str:
    """A refusal as a page; asks no database, since that may be what failed."""
    plain = "console_problem.html" if request.path.startswith(HOME) else "problem.html"
    template = WITH_OWN_PAGE.get(problem.code, plain)
    return draw(template, problem=problem.body(), code=problem.code)
