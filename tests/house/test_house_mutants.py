"""The seeded bugs of `make mutants` still are what they say, without playing any of them."""

import ast

import pytest

from mutants.bugs import ROOT, Bug, seeded_bugs

BUGS = seeded_bugs()


def test_there_are_thirty_bugs_and_more_with_names_of_their_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 30
    assert all(bug.why for bug in BUGS)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_finds_its_place_once_and_is_still_python(bug: Bug) -> None:
    source = (ROOT / bug.file).read_text("utf-8")
    mutated = bug.applied_to(source)
    assert mutated != source
    ast.parse(mutated)
