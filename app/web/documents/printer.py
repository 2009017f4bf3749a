"""The process that prints: reads jobs from its standard input and answers each, until that is closed.

It stands for itself (`python -I printer.py`), because typst can neither be interrupted nor asked to give its
memory back: this can be ended by whoever started it, is limited in memory by the kernel, and leaves by
itself once it has grown. A job is a line of JSON; an answer is a line of JSON with the number of bytes
that follow, or with what went wrong.
"""

import json
import resource
import sys
from typing import Any

MOST_MEMORY = 3 << 30


def main() -> None:
    """Print until nobody asks any more."""
    import typst

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[sys.argv[1]])
    for line in sys.stdin.buffer:
        answer, content = _print(typst, fonts, json.loads(line))
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + content)
        sys.stdout.buffer.flush()
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > int(sys.argv[2]):
            break


def _print(typst: Any, fonts: Any, job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        content = typst.compile(
            job["source"].encode(),
            root=sys.argv[1],
            font_paths=fonts,
            ignore_system_fonts=True,
            sys_inputs={"told": job["told"]},
            timestamp=job["timestamp"],
            **job["options"],
        )
    except (typst.TypstError, MemoryError) as fault:
        return {"fault": str(fault)[:500]}, b""
    return {"size": len(content)}, bytes(content)


if __name__ == "__main__":
    main()
