"""What a stranger is given: it holds as it is, and with one byte changed the verifier says what is wrong."""

import io
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from cases.ground import PROJECT, Ground, Unmet, meet
from cases.instance import ROOT
from senhui_verify.__main__ import main as verify

HOLDS, FALSE, UNREADABLE = 0, 1, 2
MOST_PLACES = 1000
"""At so many places at most, spread over a file, a byte is changed."""


def certificate(ground: Ground) -> str:
    """The file of a bought kilogram's certificate, sealed."""
    buyer = ground.person()
    lots = buyer.call("GET", "/v1/lots?available=true")["items"]
    lot = next(each["code"] for each in lots if each["forest"]["code"] != PROJECT)
    order = buyer.call("POST", "/v1/orders", {"purpose": "personal", "amount_fen": 100, "lot": lot})
    number = buyer.pay(order["code"])["certificate_number"]
    _seal(ground)
    return _tampered(ground, "certificate", f"/v1/certificates/{number}/file")


def log(ground: Ground) -> str:
    """The whole public log, as anyone downloads it."""
    _seal(ground)
    return _tampered(ground, "log", "/v1/log/export")


def _seal(ground: Ground) -> None:
    done = ground.instance.flask("log", "seal", "--now")
    meet(done.returncode, 0, f"sealing: {done.stderr}")


def _tampered(ground: Ground, kind: str, path: str) -> str:
    """Download, check, change one byte, check again; what the verifier says of the byte in the middle."""
    stranger = ground.anyone()
    with tempfile.TemporaryDirectory(prefix="senhui-cases-") as folder:
        keys, file = Path(folder, "keys"), Path(folder, "file")
        keys.write_bytes(stranger.ask("GET", "/v1/keys").content)
        content = stranger.ask("GET", path).content
        file.write_bytes(content)
        code, said = _command(kind, file, keys)
        meet(code, HOLDS, f"as downloaded: {said}")
        places = range(0, len(content), -(-len(content) // MOST_PLACES))
        unseen = [place for place in places if not _refused(kind, _changed(content, place, file), keys)]
        meet(unseen, [], "places where a changed byte was not seen")
        middle = len(content) // 2
        code, said = _command(kind, _changed(content, middle, file), keys)
    if code not in (FALSE, UNREADABLE) or not said:
        raise Unmet(f"byte {middle} changed: exit {code} {said}")
    return f"holds; a byte changed at {len(places)} places, seen at all; byte {middle}: {said}"


def _changed(content: bytes, place: int, file: Path) -> Path:
    """The file with another byte at one place."""
    other = b"1" if content[place : place + 1] == b"0" else b"0"
    file.write_bytes(content[:place] + other + content[place + 1 :])
    return file


def _refused(kind: str, file: Path, keys: Path) -> bool:
    """Whether the verifier, without a process of its own, refuses a file in words."""
    said = io.StringIO()
    with redirect_stdout(said):
        code = verify([kind, str(file), "--keys", str(keys)])
    return code in (FALSE, UNREADABLE) and bool(said.getvalue().strip())


def _command(kind: str, file: Path, keys: Path) -> tuple[int, str]:
    """The exit code and words of the verifier's command."""
    command = [sys.executable, "-m", "senhui_verify", kind, str(file), "--keys", str(keys), "--lang", "en"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip().replace("\n", " ")
