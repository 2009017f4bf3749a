"""The embedded servers as their callers see them: real processes, killed, forked, in folders of all kinds."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

import devstack
from devstack.keeper import GRACE_S, POLL_S
from devstack.programs import SHORT_FOLDER

PACKAGE = Path(devstack.__file__).parent
REPOSITORY = PACKAGE.parent

CLIENT = """
import os, sys
from pathlib import Path
sys.path.insert(0, os.environ["REPOSITORY"])
import devstack
stack = devstack.ensure(Path(os.environ["ROOT"]), durable=False)
print(stack.database_url, stack.redis_url, flush=True)
if "FORK" in os.environ and os.fork():
    os._exit(0)
sys.stdin.read()
"""
"""A caller that lives until its standard input ends. The root is not among its words, as `ps` shows these."""


class Places:
    """Hands out roots and callers, and lets go of all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roots: list[Path] = []
        self.clients: list[subprocess.Popen[str]] = []

    def root(self, name: str) -> Path:
        """Name a root, which need not exist."""
        self.roots.append(self.folder / name)
        return self.roots[-1]

    def client(
        self,
        root: Path,
        python: str = sys.executable,
        env: dict[str, str] | None = None,
        account: dict[str, Any] | None = None,
    ) -> subprocess.Popen[str]:
        """Start a caller."""
        started = subprocess.Popen(
            [python, "-c", CLIENT],
            env=os.environ | {"ROOT": str(root), "REPOSITORY": str(REPOSITORY)} | (env or {}),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **(account or {}),
        )
        self.clients.append(started)
        return started

    def close(self) -> None:
        """Let every caller leave."""
        for client in self.clients:
            client.communicate()


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    """Roots in a folder everybody may enter. Afterwards no process or folder may be left of any of them."""
    folder = Path(tempfile.mkdtemp(prefix="devstack-")).resolve()
    folder.chmod(0o755)
    made = Places(folder)
    yield made
    made.close()
    for root in made.roots:
        devstack.stop(root)
    wait_until(lambda: not any(processes_of(root) for root in made.roots))
    assert not [root for root in made.roots if (SHORT_FOLDER / devstack.stack_name(root)).exists()]
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def warm(places: Places) -> devstack.Stack:
    """A stack that stays for the module."""
    return stack_of(places.client(places.root("warm")))


@pytest.fixture
def spare(places: Places) -> Path:
    """A root with a database, whose servers have just been stopped."""
    root = places.root("spare")
    stack_of(places.client(root))
    halt(root)
    return root


def stack_of(client: subprocess.Popen[str]) -> devstack.Stack:
    """Wait for a caller's answer."""
    assert client.stdout
    return devstack.Stack(*client.stdout.readline().split())


def processes_of(root: Path) -> list[str]:
    """All keepers and servers of a root, from their own words or titles."""
    listed = subprocess.run(["ps", "-axwwo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    names = (f"{root}/", f"--keep {root}", devstack.stack_name(root))
    return [line for line in listed.splitlines() if any(name in line for name in names)]


def keeper_of(root: Path) -> int:
    keeper: int = json.loads((root / "stack.json").read_text())["keeper"]
    return keeper


def halt(root: Path) -> None:
    """Stop the servers at once, as a machine that goes down does."""
    os.kill(keeper_of(root), signal.SIGTERM)
    wait_until(lambda: not processes_of(root))


def wait_until(is_so: Callable[[], bool], limit_s: float = 8.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def ask(stack: devstack.Stack, question: str) -> Any:
    """One value from PostgreSQL, and proof that the Redis-compatible server answers too."""
    with redis.from_url(stack.redis_url) as valkey:
        assert valkey.ping()
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def is_answering(stack: devstack.Stack) -> bool:
    try:
        return bool(ask(stack, "SELECT 1") == 1)
    except (psycopg.OperationalError, redis.RedisError):
        return False


def children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid, ppid in map(str.split, listed.splitlines()) if int(ppid) == parent]


def descendants(parent: int) -> list[int]:
    return [pid for child in children(parent) for pid in (child, *descendants(child))]


def ordinary_user() -> dict[str, Any]:
    """What makes a child an ordinary user's; nothing, if this process is one's already."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def test_both_servers_answer_on_unix_sockets_alone(warm: devstack.Stack) -> None:
    assert ask(warm, "SELECT current_setting('server_version_num')::int / 10000") == 18
    assert ask(warm, "SELECT current_user || current_database()") == "senhuisenhui"
    assert ask(warm, "SELECT current_setting('listen_addresses')") == ""
    assert ask(warm, "SELECT upper('é') || ('Z' < 'a') || ('乙' < '乚')") == "Étruetrue"
    assert ask(warm, "SELECT current_setting('fsync')") == "off"
    with redis.from_url(warm.redis_url) as valkey:
        settings = valkey.config_get("port", "save", "appendonly", "maxmemory-policy")
    assert settings == {"port": "0", "save": "", "appendonly": "no", "maxmemory-policy": "noeviction"}


def test_a_second_process_shares_the_servers(places: Places, warm: devstack.Stack) -> None:
    root = places.root("warm")
    keeper = keeper_of(root)
    assert stack_of(places.client(root)) == warm
    assert keeper_of(root) == keeper


def test_a_durable_caller_refuses_forgetful_servers(places: Places, warm: devstack.Stack) -> None:
    with pytest.raises(devstack.StackError, match="without durability"):
        devstack.ensure(places.root("warm"))


def test_four_concurrent_cold_starts_give_one_stack(places: Places) -> None:
    root = places.root("four")
    clients = [places.client(root) for _ in range(4)]
    assert len({stack_of(client) for client in clients}) == 1
    assert len([line for line in processes_of(root) if "--keep" in line]) == 1


def test_servers_stop_when_the_last_client_is_killed(places: Places) -> None:
    root = places.root("leave")
    first, last = places.client(root), places.client(root)
    stack = stack_of(first)
    assert stack_of(last) == stack
    first.communicate()
    last.kill()
    wait_until(lambda: not processes_of(root))
    assert not (root / "stack.json").exists()
    assert not list((root / "sockets").iterdir())
    assert "database system is shut down" in (root / "postgres.log").read_text()


def test_a_fork_keeps_the_servers_when_its_parent_is_gone(places: Places) -> None:
    root = places.root("fork")
    parent = places.client(root, env={"FORK": "1"})
    stack = stack_of(parent)
    assert parent.wait() == 0
    time.sleep(GRACE_S + 3 * POLL_S)
    assert ask(stack, "SELECT 1") == 1


def test_a_killed_keeper_takes_its_servers_along_and_the_data_stays(places: Places, spare: Path) -> None:
    stack = stack_of(places.client(spare))
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("CREATE TABLE tree AS SELECT 42 AS height")
    stale = (spare / "stack.json").read_text()
    os.kill(keeper_of(spare), signal.SIGKILL)
    if sys.platform == "linux":
        wait_until(lambda: not processes_of(spare))
    (spare / "stack.json").write_text(stale)
    assert stack_of(places.client(spare)) == stack
    assert ask(stack, "SELECT height FROM tree") == 42


@pytest.mark.parametrize("with_backends", [True, False])
def test_killed_servers_come_back_at_the_same_addresses(places: Places, with_backends: bool) -> None:
    root = places.root("killed")
    stack = stack_of(places.client(root))
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS tree")
        connection.execute("CREATE TABLE tree AS SELECT 42 AS height")
        connection.execute("CHECKPOINT")  # a forgetful server keeps nothing else
        with redis.from_url(stack.redis_url) as valkey:
            valkey.set("bell", 1)
        keeper = keeper_of(root)
        for pid in reversed(descendants(keeper)) if with_backends else children(keeper):
            with suppress(ProcessLookupError):  # a server ends its own backends once one of them is killed
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(5)")
    wait_until(lambda: is_answering(stack))
    assert ask(stack, "SELECT height FROM tree") == 42
    assert keeper_of(root) == keeper
    with redis.from_url(stack.redis_url) as valkey:
        assert valkey.get("bell") is None


def test_two_roots_never_touch_each_other(places: Places, warm: devstack.Stack, spare: Path) -> None:
    """Not even when one holds a stale process id that is the other's by now."""
    began = ask(warm, "SELECT pg_postmaster_start_time()")
    stale = (places.root("warm") / "postgres" / "postmaster.pid").read_text()
    (spare / "postgres" / "postmaster.pid").write_text(stale)
    other = stack_of(places.client(spare))
    assert other != warm
    assert ask(other, "SELECT pg_postmaster_start_time()") != began
    assert ask(warm, "SELECT pg_postmaster_start_time()") == began


def test_a_long_odd_path_works(places: Places) -> None:
    root = places.root("森惠 100%, a&b=c?'\"/" + "long" * 30)
    stack = stack_of(places.client(root))
    assert stack.redis_url.startswith("unix:///tmp/senhui-")
    assert ask(stack, "SELECT 1") == 1


def test_an_ordinary_user_can_run_them(places: Places) -> None:
    home = places.folder / "home"
    home.mkdir()
    packages, python = copied_packages(home), copied_python(home)
    shutil.copytree(PACKAGE, packages / PACKAGE.name)
    if os.geteuid() == 0:
        os.chown(home, ordinary_user()["user"], -1)
    root = home / "var"
    places.roots.append(root)
    paths = {"PYTHONPATH": str(packages), "REPOSITORY": str(packages), "LD_LIBRARY_PATH": str(home / "lib")}
    stack = stack_of(places.client(root, python, env=paths, account=ordinary_user()))
    assert ask(stack, "SELECT 1") == 1
    assert (root / "postgres").stat().st_uid == home.stat().st_uid


def test_folders_closed_to_others_are_not_opened(places: Places) -> None:
    """As root the servers run as somebody else, who may enter neither the packages nor the root."""
    home = places.folder / "closed"
    home.mkdir(mode=0o700)
    root = places.root("closed/var")
    stack = stack_of(places.client(root, env={"PYTHONPATH": str(copied_packages(home))}))
    assert ask(stack, "SELECT 1") == 1
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_database_half_made_is_made_again(places: Places) -> None:
    root = places.root("half")
    (root / "postgres.new" / "base").mkdir(parents=True)
    (root / "postgres").mkdir()
    assert ask(stack_of(places.client(root)), "SELECT 1") == 1
    assert not (root / "postgres.new").exists()


def test_a_broken_database_is_refused_and_left_alone(places: Places) -> None:
    root = places.root("broken")
    (root / "postgres").mkdir(parents=True)
    (root / "postgres" / "PG_VERSION").write_text("18\n")
    with pytest.raises(devstack.StackError, match="no whole PostgreSQL 18 database"):
        devstack.ensure(root, durable=False)
    assert [path.name for path in (root / "postgres").iterdir()] == ["PG_VERSION"]


def test_a_server_that_does_not_start_says_why(spare: Path) -> None:
    settings = spare / "postgres" / "postgresql.conf"
    sound = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(devstack.StackError, match="unrecognized configuration parameter"):
        devstack.ensure(spare, durable=False)
    settings.write_text(sound)


def test_replacing_the_folder_stops_the_servers(places: Places) -> None:
    root = places.root("replaced")
    stack = stack_of(places.client(root))
    began = ask(stack, "SELECT pg_postmaster_start_time()")
    root.rename(places.folder / "moved")
    root.mkdir()
    anew = stack_of(places.client(root))
    wait_until(lambda: len([line for line in processes_of(root) if "--keep" in line]) == 1)
    assert ask(anew, "SELECT pg_postmaster_start_time()") != began


def test_missing_packages_name_what_to_install(places: Places) -> None:
    without_packages = [sys.executable, "-E", "-s", "-S", "-m", "devstack", str(places.root("missing"))]
    refused = subprocess.run(without_packages, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "pip install -r requirements-local.txt" in refused.stderr


def test_by_hand_it_prints_both_addresses_until_interrupted(spare: Path) -> None:
    command = [sys.executable, "-m", "devstack", str(spare)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as person:
        assert person.stdout
        lines = [person.stdout.readline().strip() for _ in range(2)]
        person.send_signal(signal.SIGINT)
    assert [line.partition("=")[0] for line in lines] == ["DATABASE_URL", "REDIS_URL"]
    assert person.returncode == 0


def copied_packages(home: Path) -> Path:
    """Copy the packages' programs, in packages that break when imported."""
    packages = home / "packages"
    for program in devstack.find_programs():
        site = program.parents[3]
        package = program.parents[2].relative_to(site)
        for folder in (program.parents[1].relative_to(site), Path(f"{package}.libs"), package / ".dylibs"):
            if (site / folder).is_dir():
                shutil.copytree(site / folder, packages / folder, ignore=shutil.ignore_patterns("include"))
        (packages / package / "__init__.py").write_text("raise ImportError\n")
    return packages


def copied_python(home: Path) -> str:
    """A Python the ordinary user can run: this one, or a copy where root keeps it in a closed folder."""
    try:
        subprocess.run([sys.executable, "-c", ""], check=True, cwd="/", **ordinary_user())
    except PermissionError:
        base, version = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
        junk = shutil.ignore_patterns("site-packages", "test", "__pycache__", "config-*", "ensurepip")
        shutil.copytree(base / "lib" / version, home / "lib" / version, ignore=junk)
        for library in (base / "lib").glob("libpython*"):
            shutil.copy(library, home / "lib")
        (home / "bin").mkdir()
        return str(shutil.copy(base / "bin" / version, home / "bin"))
    return sys.executable
