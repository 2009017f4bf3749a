"""`make demo`: every story on an instance of its own, then the proof of the books.

Starts everything on a free port in a temporary folder, plays the stories with progress lines, writes
their documents to a folder, proves the books, ends with `demo: ok`, and leaves nothing else behind.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cases.instance import DidNotStart, Instance
from cases.people import Unexpected
from stories import (
    citizen,
    clerk,
    colleagues,
    donor,
    giver,
    grove,
    member,
    neighbours,
    organisation,
    organiser,
    redeemer,
    sponsor,
    walker,
)
from stories.teller import Story

STORIES = (
    member,
    citizen,
    clerk,
    giver,
    donor,
    organiser,
    organisation,
    neighbours,
    walker,
    sponsor,
    colleagues,
    grove,
    redeemer,
)
FOLDER = Path("var/demo")


def main(words: Sequence[str] | None = None) -> int:
    """Play the stories, or those named; 0 and `demo: ok`, or say what went wrong."""
    stories = {each.__name__.rpartition(".")[2]: each for each in STORIES}
    parser = argparse.ArgumentParser("stories", description=__doc__)
    parser.add_argument("names", nargs="*", metavar=" | ".join(stories))
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the documents go")
    wish = parser.parse_args(words)
    if unknown := [name for name in wish.names if name not in stories]:
        parser.error(f"no story {', '.join(unknown)}")
    told = [stories[name] for name in wish.names or stories]
    wish.folder.mkdir(parents=True, exist_ok=True)
    print("demo: starting an instance of its own …", flush=True)
    try:
        with Instance("senhui-demo") as instance:
            for story in told:
                print(f"\n{story.__doc__}", flush=True)
                story.play(Story(instance, wish.folder))
            proof = instance.flask("prove")
    except (DidNotStart, TimeoutError, Unexpected) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    print("\n" + proof.stdout)
    if proof.returncode:
        print("demo: the books do not prove", file=sys.stderr)
        return 1
    print(f"documents: {wish.folder}\ndemo: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
