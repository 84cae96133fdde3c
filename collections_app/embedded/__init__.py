"""PostgreSQL and Valkey from their Python packages, for machines where DATABASE_URL and REDIS_URL are not set.

Everything they make lies in one data folder (`var/`), except, when started as root, the cluster: PostgreSQL refuses to
run as root, so it runs under uid 65534 in a folder of its own below the system's temporary folder, which `var/` points
to. Nothing outside these folders is ever changed.

Every process that uses the servers holds a shared lock on `users.lock`. The last one to leave stops them, so `make
run`, a command and a test run share them, and nothing is left behind. The kernel drops the lock of a process that was
killed.
"""

import atexit
import fcntl
import json
import os
import secrets
import shutil
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from . import places, postgres, valkey

BOOK = "book"  # the data of `make run`
TESTS = "tests"  # a cluster of its own: not durable, thrown away at will
CRASHES = "crashes"  # a cluster of its own: durable, and crashed on purpose


class EmbeddedServerFault(RuntimeError):
    """An embedded server cannot be started; the message says what to do."""


@dataclass
class Servers:
    """Where the two servers of one purpose are, and the secrets to enter; kept in `servers.json` (0600)."""

    purpose: str
    home: str  # the folder in var/ that holds this file; a copy of it elsewhere is not ours
    data: str  # the folder of the servers themselves; empty until they were started once
    sockets: str  # short, 0700, owned by whoever runs the servers; empty until then
    valkey_port: int
    owner_password: str
    app_password: str
    valkey_password: str
    initialised: bool = False
    database: str = field(default="collections")

    def url(self, role: str = "app", database: str | None = None) -> str:
        """Return the address of a database for the role `app` or `owner`."""
        password = self.owner_password if role == "owner" else self.app_password
        return f"postgresql://{role}:{password}@{quote(self.sockets, safe='')}/{database or self.database}"

    @property
    def app_url(self) -> str:
        """The address that web and workers use."""
        return self.url("app")

    @property
    def owner_url(self) -> str:
        """The address that migrations use."""
        return self.url("owner")

    @property
    def redis_url(self) -> str:
        """The address of Valkey."""
        return f"redis://:{self.valkey_password}@127.0.0.1:{self.valkey_port}/0"


_held: dict[str, tuple[int, int, Servers]] = {}  # folder of the servers -> (process, descriptor of users.lock, servers)


def development_secrets(var: Path) -> dict[str, str]:
    """Return the secrets of a development installation, made once and kept in `var/secrets.json` (0600)."""
    path = var / "secrets.json"
    with _locked(places.folder(var) / "secrets.lock"):
        made: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        wanted = {
            "SECRET_KEY": lambda: secrets.token_urlsafe(64),
            "SEALED_KEYS": lambda: f"k1:{b64encode(secrets.token_bytes(32)).decode()}",
            "SEALED_HMAC_KEY": lambda: b64encode(secrets.token_bytes(32)).decode(),
            "WEBHOOK_SECRET": lambda: secrets.token_urlsafe(32),
            "SMS_PROVIDER_TOKEN": lambda: secrets.token_urlsafe(32),
        }
        missing = {name: make() for name, make in wanted.items() if name not in made}
        if missing:
            made |= missing
            _write_private(path, made)
    return made


def describe(var: Path, purpose: str = BOOK) -> Servers:
    """Return where the servers are or will be, starting nothing."""
    home = places.folder(var / purpose)
    with _locked(home / "change.lock"):
        return _described(home, purpose)


def ensure(var: Path, purpose: str = BOOK) -> Servers:
    """Return the running servers, starting them where they are not, and count this process among their users."""
    home = places.folder(var / purpose)
    held = _held.get(str(home))
    if held is not None and held[0] == os.getpid():
        return held[2]
    with _locked(home / "change.lock"):
        servers = _described(home, purpose)
        descriptor = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        try:
            _start(servers, home)
        except (OSError, postgres.PostgresFault, valkey.ValkeyFault) as fault:
            os.close(descriptor)
            raise EmbeddedServerFault(str(fault)) from fault
        _held[str(home)] = (os.getpid(), descriptor, servers)
    atexit.register(release, var, purpose)
    return servers


def release(var: Path, purpose: str = BOOK) -> None:
    """Leave the servers; stop them when nobody else uses them. Does nothing in a forked child or when not a user."""
    home = var / purpose
    held = _held.pop(str(home), None)
    if held is None or held[0] != os.getpid() or not home.is_dir():
        return
    with _locked(home / "change.lock"):
        os.close(held[1])
        if _unused(home):
            _stop(held[2])


def stop(var: Path, purpose: str = BOOK) -> bool:
    """Stop the servers if nobody uses them; return whether they are stopped now."""
    home = var / purpose
    if not (home / "servers.json").is_file():
        return True
    release(var, purpose)
    with _locked(home / "change.lock"):
        if not _unused(home):
            return False
        _stop(_described(home, purpose))
    return True


def remove(var: Path) -> list[str]:
    """Stop all servers and remove their folders, also those outside `var`; return what was removed.

    Raises EmbeddedServerFault while somebody still uses a server.
    """
    removed = []
    for purpose in (BOOK, TESTS, CRASHES):
        if not (var / purpose / "servers.json").is_file():
            continue
        if not stop(var, purpose):
            raise EmbeddedServerFault(f"The servers in {var / purpose} are in use; stop `make run` or the tests first.")
        servers = _described(var / purpose, purpose)
        for folder in (servers.data, servers.sockets):
            if places.is_ours(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed.append(folder)
    return removed


def _described(home: Path, purpose: str) -> Servers:
    path = home / "servers.json"
    if path.is_file():
        servers = Servers(**json.loads(path.read_text(encoding="utf-8")))
        if servers.home == str(home):
            return servers
        say(f"{path} came from another folder ({servers.home}); the servers there stay, new ones are made here.")
    servers = Servers(
        purpose=purpose,
        home=str(home),
        data="",
        sockets="",
        valkey_port=valkey.free_port(),
        owner_password=secrets.token_urlsafe(24),
        app_password=secrets.token_urlsafe(24),
        valkey_password=secrets.token_urlsafe(24),
    )
    _write_private(path, asdict(servers))
    return servers


def _start(servers: Servers, home: Path) -> None:
    before = asdict(servers)
    if not servers.data or not Path(servers.data).is_dir():
        if servers.initialised:
            say(f"The folder {servers.data} with the database is gone; a new, empty database is made.")
            servers.initialised = False
        servers.data = places.data_folder(home)
    if not places.is_usable_socket_folder(servers.sockets):
        servers.sockets = places.socket_folder()
    postgres.start(
        data=Path(servers.data),
        sockets=Path(servers.sockets),
        owner_password=servers.owner_password,
        app_password=servers.app_password,
        database=servers.database,
        durable=servers.purpose != TESTS,
    )
    servers.initialised = True
    servers.valkey_port = valkey.start(
        data=Path(servers.data), port=servers.valkey_port, password=servers.valkey_password
    )
    if asdict(servers) != before:
        _write_private(home / "servers.json", asdict(servers))


def _stop(servers: Servers) -> None:
    valkey.stop(port=servers.valkey_port, password=servers.valkey_password)
    postgres.stop(Path(servers.data))


def _unused(home: Path) -> bool:
    descriptor = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_private(path: Path, value: object) -> None:
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
    new.replace(path)


def say(text: str) -> None:
    """Tell the person at the terminal, on standard error so that reports stay clean."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
