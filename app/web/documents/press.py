"""The press: pages of SVG become one PDF or PNG, by typst, in a process of its own.

What it may take is bounded: one rendering at a time and few that wait; a rendering that takes too long is
ended with its process; pages are bounded by the kinds. What was printed lately is kept by its digest.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog

from app.web.documents.refusals import PressBusy, Undrawable
from app.web.documents.sheets import Document, Drawn
from app.web.documents.typeface import FONTS

SEATS = 3
"""How many threads may print or wait for it: fewer than a web process has, so that others are served."""
WAIT_S = 10.0
LONGEST_S = 30.0
GROWN_KIB = 320 << 10
"""A process that a job left larger than this ends itself, and the next job finds a new one."""
KEPT_BYTES = 24 * 1024 * 1024
PIXELS_PER_INCH = 216
STANDARDS = ["a-3a", "ua-1"]
"""To be kept for decades, with the file that proves it inside; and to be read aloud."""
_SOURCE = """
#let told = json(bytes(sys.inputs.told))
#set document(title: told.title, author: "Senhui 森惠", date: datetime(..told.issued))
#set text(lang: told.lang, font: "Senhui Hei")
#set page(width: told.width * 1pt, height: told.height * 1pt, margin: 0pt)
#for file in told.enclosures {
  pdf.attach(file.name, bytes(file.content), relationship: "data", mime-type: file.type,
    description: file.name)
}
#for sheet in told.pages {
  page({
    image(bytes(sheet.svg), format: "svg", width: 100%, height: 100%, alt: sheet.text)
    if sheet.link != none {
      let (x, y, w, h) = sheet.link
      place(top + left, dx: x * 1pt, dy: y * 1pt, link(told.url, box(width: w * 1pt, height: h * 1pt)))
    }
  })
}
"""
_PRINTER_FILE = str(Path(__file__).with_name("printer.py"))
_log = structlog.get_logger(__name__)


class Press:
    """Lets one work at a time, and keeps what came of it lately."""

    def __init__(self, kept_bytes: int = KEPT_BYTES, wait_s: float = WAIT_S) -> None:
        self._seats = threading.BoundedSemaphore(SEATS)
        self._printing = threading.Lock()
        self._shelf: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes, self._wait_s = kept_bytes, wait_s

    def printed(self, digest: str, work: Callable[[], bytes]) -> bytes:
        """What `work` prints, or what was printed under the same digest before. Raises `PressBusy`."""
        if (found := self._shelf.get(digest)) is not None:
            return found
        if not self._seats.acquire(blocking=False):
            raise PressBusy()
        try:
            return self._print(digest, work)
        finally:
            self._seats.release()

    def _print(self, digest: str, work: Callable[[], bytes]) -> bytes:
        if not self._printing.acquire(timeout=self._wait_s):
            raise PressBusy()
        try:
            found = self._shelf.pop(digest, None)
            if found is None:
                found = work()
            self._shelf[digest] = found
            while sum(map(len, self._shelf.values())) > self._kept_bytes:
                self._shelf.popitem(last=False)
            return found
        finally:
            self._printing.release()


class Printer:
    """The process that runs typst: started when first asked, anew when it is gone, ended when too slow."""

    def __init__(self, longest_s: float = LONGEST_S, grown_kib: int = GROWN_KIB) -> None:
        self._longest_s, self._grown_kib = longest_s, grown_kib
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._one_at_a_time = threading.Lock()
        atexit.register(self.close)

    def run(self, job: dict[str, Any]) -> bytes:
        """What a job prints. Raises `Undrawable` when typst refuses it, `PressBusy` when it cannot be had."""
        with self._one_at_a_time:
            for _ in range(2):
                answer = self._ask(json.dumps(job).encode() + b"\n")
                if answer is not None:
                    return answer
        raise PressBusy()

    def close(self) -> None:
        """End the process, if it is ours."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.communicate()

    def _ask(self, line: bytes) -> bytes | None:
        """The answer to one job; None when the process went away before it gave one."""
        try:
            process = self._ready()
        except OSError as fault:
            _log.error("the printer cannot be started", exc_info=fault)
            raise PressBusy() from fault
        assert process.stdin is not None
        assert process.stdout is not None
        slow = threading.Event()

        def end() -> None:
            slow.set()
            process.kill()

        watch = threading.Timer(self._longest_s, end)
        watch.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = json.loads(process.stdout.readline() or "null")
            content = process.stdout.read(answer["size"]) if answer and "size" in answer else b""
        except (OSError, ValueError):
            answer = None
        finally:
            watch.cancel()
        if answer is None or len(content) < answer.get("size", 0):
            self.close()
            if slow.is_set():
                _log.error("a document took too long to print", seconds=self._longest_s)
                raise PressBusy()
            return None
        if "fault" in answer:
            _log.error("a document could not be printed", fault=answer["fault"])
            raise Undrawable()
        return content

    def _ready(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._owner == os.getpid() and self._process.poll() is None:
            return self._process
        self.close()
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                str(Path(__file__).with_name("printer.py")),
                str(FONTS),
                str(self._grown_kib),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it ends when its input is closed, not with a signal meant for us
        )
        return self._process


_PRINTER = Printer()


def pdf(document: Document, drawn: Drawn) -> bytes:
    """All pages as one PDF/A-3a, readable aloud (PDF/UA-1), with the text and the enclosures in it."""
    enclosed = [
        {"name": each.name, "content": each.content, "type": each.media_type} for each in document.enclosures
    ]
    return _PRINTER.run(_job(document, drawn, enclosed, {"format": "pdf", "pdf_standards": STANDARDS}))


def png(document: Document, drawn: Drawn, page: int) -> bytes:
    """One page as a picture; the first is 1."""
    one = Drawn(drawn.title, (drawn.pages[page - 1],), drawn.size)
    return _PRINTER.run(_job(document, one, [], {"format": "png", "ppi": PIXELS_PER_INCH}))


def _job(
    document: Document, drawn: Drawn, enclosed: list[dict[str, str]], options: dict[str, Any]
) -> dict[str, Any]:
    issued = document.issued_at
    told = {
        "title": drawn.title,
        "lang": document.language,
        "issued": {"year": issued.year, "month": issued.month, "day": issued.day},
        "width": drawn.size[0],
        "height": drawn.size[1],
        "url": document.url,
        "enclosures": enclosed,
        "pages": [{"svg": page.svg, "text": page.text, "link": page.link} for page in drawn.pages],
    }
    return {
        "source": _SOURCE,
        "told": json.dumps(told, ensure_ascii=False),
        "timestamp": int(issued.timestamp()),
        "options": options,
    }


@cache
def engine() -> str:
    """What prints: another version prints other bytes."""
    return version("typst")
