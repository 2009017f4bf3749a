"""`make demo`: every story is played, proves, and leaves the documents that its people take home."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = {
    "member": "member-certificate",
    "organiser": "event-neutral-corrected",
    "citizen": "citizen-equivalence",
    "clerk": "clerk-letter",
    "giver": "gift-card",
    "donor": "donor-steps",
    "organisation": "organisation-year",
    "walker": "walker-year",
}


def test_every_story_is_played_and_its_documents_are_kept(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stories", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.rstrip().endswith("demo: ok")
    assert " 0 fail" in done.stdout
    for stem in KEPT.values():
        assert (tmp_path / f"{stem}.pdf").read_bytes().startswith(b"%PDF-")
        assert (tmp_path / f"{stem}.png").read_bytes().startswith(b"\x89PNG")
