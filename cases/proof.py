"""What a stranger is given: it holds as it is, and with one byte changed the verifier says what is wrong."""

import subprocess
import sys
import tempfile
from pathlib import Path

from cases.ground import PROJECT, Ground, Unmet, meet
from cases.instance import ROOT

HOLDS, FALSE, UNREADABLE = 0, 1, 2


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
    """Download, check, change one byte, check again; what the verifier says of the change."""
    stranger = ground.anyone()
    with tempfile.TemporaryDirectory(prefix="senhui-cases-") as folder:
        keys, file = Path(folder, "keys"), Path(folder, "file")
        keys.write_bytes(stranger.ask("GET", "/v1/keys").content)
        content = stranger.ask("GET", path).content
        file.write_bytes(content)
        code, said = _verify(kind, file, keys)
        meet(code, HOLDS, f"as downloaded: {said}")
        place = len(content) // 2
        other = b"0" if content[place : place + 1] != b"0" else b"1"
        file.write_bytes(content[:place] + other + content[place + 1 :])
        code, said = _verify(kind, file, keys)
    if code not in (FALSE, UNREADABLE) or not said:
        raise Unmet(f"byte {place} changed: exit {code} {said}")
    return f"holds; byte {place} changed: {said}"


def _verify(kind: str, file: Path, keys: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "senhui_verify", kind, str(file), "--keys", str(keys), "--lang", "en"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip().replace("\n", " ")
