"""The command `senhui-verify`.

Exit codes: 0 everything holds · 1 something is false · 2 it cannot be read, or the call is wrong ·
3 the certificate's signature holds, and its day is not sealed yet.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from senhui_verify.attestation import check_attestation
from senhui_verify.certificate import check_certificate
from senhui_verify.heads import Head, check_consistency, check_head
from senhui_verify.jws import Keys
from senhui_verify.log import check_log
from senhui_verify.qr import check_qr
from senhui_verify.refusals import Unreadable, Wrong
from senhui_verify.words import say

NOT_SEALED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the arguments name; prints what was found and gives the exit code."""
    wish = _parser().parse_args(arguments)
    check: Callable[[Keys, argparse.Namespace], int] = wish.check
    try:
        return check(Keys(_read(wish.keys)), wish)
    except Wrong as refusal:
        frame = "unreadable" if isinstance(refusal, Unreadable) else "wrong"
        print(say(frame, wish.lang, reason=say(refusal.name, wish.lang, **refusal.where)))
        return refusal.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "senhui-verify", description="离线查验森惠的凭证与公开日志 · check offline"
    )
    commands = parser.add_subparsers(required=True, metavar=" | ".join(_COMMANDS))
    for name, (check, files, help_text) in _COMMANDS.items():
        command = commands.add_parser(name, help=help_text)
        for file in files:
            command.add_argument(file)
        command.add_argument(
            "--keys", required=True, help="公钥文件，/v1/keys 的内容 · the answer of /v1/keys"
        )
        command.add_argument("--lang", choices=("zh", "en"), default="zh")
        command.set_defaults(check=check)
        if name == "log":
            command.add_argument(
                "--head", action="append", default=[], help="以前保存的日志头 · a head you kept"
            )
    return parser


def _certificate(keys: Keys, wish: argparse.Namespace) -> int:
    found = check_certificate(keys, _read(wish.file))
    print(say("signature_holds", wish.lang))
    _print_facts(found.claims, wish.lang)
    if found.unsigned:
        print(say("not_signed_texts", wish.lang, names=", ".join(found.unsigned)))
    if found.head is None:
        print(say("not_sealed", wish.lang))
        return NOT_SEALED
    if not found.beneficiary_opened:
        print(say("beneficiary_withheld", wish.lang))
    print(say("in_log", wish.lang, position=found.position, head=found.head.name))
    return 0


def _attestation(keys: Keys, wish: argparse.Namespace) -> int:
    claims, digest = check_attestation(keys, _read(wish.file))
    print(say("signature_holds", wish.lang))
    facts = claims.pop("facts")
    _print_facts({**claims, "facts_sha256": digest}, wish.lang)
    print(json.dumps(facts, ensure_ascii=False, indent=1))
    print(say("may_be_revoked", wish.lang))
    return 0


def _qr(keys: Keys, wish: argparse.Namespace) -> int:
    content = wish.content if "#" in wish.content else _read(wish.content)
    claims = check_qr(keys, content)
    print(say("signature_holds", wish.lang))
    _print_facts(claims, wish.lang)
    print(say("may_be_revoked" if "facts_sha256" in claims else "qr_only", wish.lang))
    return 0


def _head(keys: Keys, wish: argparse.Namespace) -> int:
    _print_head(check_head(keys, _read(wish.file)), wish.lang)
    return 0


def _consistency(keys: Keys, wish: argparse.Namespace) -> int:
    old, new = check_consistency(keys, _read(wish.old), _read(wish.new), _read(wish.proof))
    print(say("consistent", wish.lang, old=old.name, new=new.name, first=old.size, second=new.size))
    return 0


def _log(keys: Keys, wish: argparse.Namespace) -> int:
    with _opened(wish.file) as lines:
        found = check_log(keys, lines, [_read(head) for head in wish.head])
    print(say("log_holds", wish.lang, entries=found.entries, heads=found.heads))
    if found.newest:
        _print_head(found.newest, wish.lang)
    return 0


def _print_facts(claims: dict[str, object], lang: str) -> None:
    for name, value in claims.items():
        print(say("fact", lang, name=name, value=value))


def _print_head(head: Head, lang: str) -> None:
    line = head.line
    kg = {"issued": line["issued_kg"], "retired": line["retired_kg"]}
    print(say("head_holds", lang, head=head.name, size=head.size, **kg))


def _read(path: str) -> str:
    try:
        with _opened(path) as file:
            return file.read().decode()
    except UnicodeDecodeError as error:
        raise Unreadable("no_file", path=path) from error


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise Unreadable("no_file", path=path) from error


_COMMANDS: dict[str, tuple[Callable[[Keys, argparse.Namespace], int], tuple[str, ...], str]] = {
    "certificate": (_certificate, ("file",), "凭证文件 · a certificate's file"),
    "attestation": (_attestation, ("file",), "证明文件 · an attestation's file"),
    "qr": (_qr, ("content",), "二维码内容，或存有内容的文件 · a QR code's content, or a file with it"),
    "head": (_head, ("file",), "日志头 · a signed head"),
    "consistency": (_consistency, ("old", "new", "proof"), "两个日志头之间 · from one head to another"),
    "log": (_log, ("file",), "下载的整个日志 · the whole log, as exported"),
}

if __name__ == "__main__":
    sys.exit(main())
