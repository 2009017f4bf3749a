"""The keeper: the one process a root that runs both servers as its children, until nobody uses them."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from devstack import START_LIMIT_S, STOP_LIMIT_S, StackError, is_open_on, programs, take_lock

GRACE_S = 2.0  # unused for so long, the servers stop; a reloader or the next command still finds them
POLL_S = 0.2
SOCKET_FOLDER = "[A-Za-z0-9/._-]{1,80}"  # plain in a URL; a whole path may have 103 bytes. Source: sys/un.h
PR_SET_PDEATHSIG = 1  # Source: prctl(2)


class Keeper:
    """Runs both servers of one root folder as its children, under `account` when its own user is root."""

    def __init__(self, root: Path, found: list[Path], durable: bool, locks: tuple[int, int]) -> None:
        self.root, self.durable = root, durable
        self.postgres, self.valkey = found
        self.keeper_lock, self.servers_lock = locks
        self.account = programs.server_account(root)
        self.data, self.sockets = root / "postgres", root / "sockets"
        self.short = programs.SHORT_FOLDER / programs.stack_name(root)
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        self.starts = {"postgres": self._start_postgres, "valkey": self._start_valkey}
        self.last_ready = 0.0
        self.told_to_stop = False
        self.pid, self.libc = os.getpid(), ctypes.CDLL(None)

    def start(self) -> None:
        """Bring both servers up and write stack.json. Raises StackError or OSError."""
        self._make_places()
        self._make_database()
        for start in self.starts.values():
            start()
        self._wait_until_ready()
        stack = {
            "database_url": f"postgresql://{programs.NAME}@/{programs.NAME}?host={self.sockets}&port=5432",
            "redis_url": f"unix://{self.sockets}/valkey.sock",
            "durable": self.durable,
            "keeper": self.pid,
        }
        draft = self.root / "stack.json.new"
        draft.write_text(json.dumps(stack, indent=2) + "\n")
        draft.replace(self.root / "stack.json")

    def watch(self) -> None:
        """Return when nobody used them for GRACE_S, a signal came, root is gone or a server stays down."""
        last_used = time.monotonic()
        while self._has_root() and not self.told_to_stop and self._keeps_up():
            alone = take_lock(self.root / "clients.lock", fcntl.LOCK_EX)
            if alone is None:
                last_used = time.monotonic()
            elif time.monotonic() - last_used >= GRACE_S:
                return  # with the lock: whoever comes now waits until this process is gone
            else:
                os.close(alone)
            time.sleep(POLL_S)

    def _keeps_up(self) -> bool:
        """Start again what has ended, as a supervisor would; False when START_LIMIT_S did not bring it back.

        PostgreSQL itself refuses to start while a backend of a killed one still uses its shared memory:
        then it is tried again, with its postmaster.pid left in place, which tells it where to look.
        """
        for name, server in self.servers.items():
            if server.poll() is not None:
                print(f"{name} ended with status {server.returncode}; starting it again", flush=True)
                self.starts[name]()
        if self._is_ready():
            self.last_ready = time.monotonic()
        return time.monotonic() - self.last_ready < START_LIMIT_S

    def _is_ready(self) -> bool:
        return programs.is_ready(self.data, self.sockets, self.servers["postgres"].pid)

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
        return is_open_on(self.keeper_lock, self.root / "keeper.lock")

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
            target = self.short / "programs"
            self.postgres, self.valkey = programs.copy_programs(self.postgres, self.valkey, target)
        if not is_inside:
            self.sockets = self.short / "sockets"
        self.sockets.mkdir()
        self._give(self.sockets)

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
        self._finish([initdb, *place, "-U", programs.NAME, *programs.INITDB_FLAGS.split()], fresh)
        single = [str(self.postgres), "--single", *place, "-F", "-c", "exit_on_error=on", "postgres"]
        self._finish(single, fresh, f"CREATE DATABASE {programs.NAME}\n")
        fresh.replace(self.data)

    def _check_database(self) -> None:
        """Refuse a folder that is no whole PostgreSQL 18 database; nothing in it is ever deleted."""
        version = self.data / "PG_VERSION"
        is_whole = version.is_file() and (self.data / "global" / "pg_control").is_file()
        if not is_whole or version.read_text().strip() != programs.POSTGRES_MAJOR:
            raise StackError(
                f"{self.data} is no whole PostgreSQL {programs.POSTGRES_MAJOR} database: move it away."
            )
        if self.account and self.data.stat().st_uid != self.account.pw_uid:
            self._give(self.data)
        # No server lives, as servers.lock is ours; the id in this file may be another's by now.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _start_postgres(self) -> None:
        words = programs.postgres_words(programs.stack_name(self.root), self.sockets, self.durable)
        self._serve("postgres", [str(self.postgres), "-D", self._own_name(self.data), *words], self.data)

    def _start_valkey(self) -> None:
        self._serve("valkey", [str(self.valkey), *programs.valkey_words(self.sockets)], self.sockets)

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
        child: dict[str, Any] = {"env": programs.SERVER_ENVIRONMENT, "pass_fds": [self.servers_lock]}
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
        self.last_ready = time.monotonic()

    def _log_tail(self, name: str) -> str:
        log = self.root / f"{name}.log"
        return "\n".join([f"{log} ends with:", *log.read_text(errors="replace").splitlines()[-20:]])


def keep(root: Path, found: list[Path], durable: bool) -> None:
    """Be the keeper of `root` until nobody uses the servers. Returns at once if there is one already."""
    os.umask(0o077)
    keeper_lock = take_lock(root / "keeper.lock", fcntl.LOCK_EX, patience_s=1.0)
    if keeper_lock is None:
        return
    (root / "stack.json").unlink(missing_ok=True)
    servers_lock = take_lock(root / "servers.lock", fcntl.LOCK_EX, STOP_LIMIT_S)
    if servers_lock is None:
        raise StackError(f"Servers of a killed keeper still run: see {root}/postgres/postmaster.pid.")
    keeper = Keeper(root, found, durable, (keeper_lock, servers_lock))
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


def main(words: list[str]) -> None:
    """Be a keeper, detached. `words`: root, the programs `postgres` and `valkey-server`, "1" for durable."""
    if os.fork():
        os._exit(0)  # the keeper is nobody's child, so no caller has to reap it
    root, *found, durable = words
    try:
        keep(Path(root), [Path(program) for program in found], durable == "1")
    except (StackError, OSError) as error:
        sys.exit(f"The servers in {root} cannot start: {error}")
