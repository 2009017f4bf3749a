"""`make demo`: every story on an instance of its own, then the proof of the books.

Starts everything on a free port in a temporary folder, plays the stories with progress lines, writes
their documents to a folder, proves the books, ends with `demo: ok`, and leaves nothing else behind.
"""

import sys
from pathlib import Path

from cases.instance import DidNotStart, Instance
from cases.people import Unexpected
from stories import citizen, clerk, giver, member, organisation, organiser
from stories.teller import Story

STORIES = (member, citizen, clerk, giver, organiser, organisation)
FOLDER = Path("var/demo")


def main(words: list[str]) -> int:
    """Play the stories, or those named; 0 and `demo: ok`, or say what went wrong."""
    stories = {each.__name__.rpartition(".")[2]: each for each in STORIES}
    if unknown := [word for word in words if word not in stories]:
        print(f"demo: no story {', '.join(unknown)}; there are {', '.join(stories)}", file=sys.stderr)
        return 1
    told = [stories[word] for word in words or stories]
    FOLDER.mkdir(parents=True, exist_ok=True)
    print("demo: starting an instance of its own …", flush=True)
    try:
        with Instance("senhui-demo") as instance:
            for story in told:
                print(f"\n{story.__doc__}", flush=True)
                story.play(Story(instance, FOLDER))
            proof = instance.flask("prove")
    except (DidNotStart, TimeoutError, Unexpected) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    print("\n" + proof.stdout)
    if proof.returncode:
        print("demo: the books do not prove", file=sys.stderr)
        return 1
    print(f"documents: {FOLDER}\ndemo: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
