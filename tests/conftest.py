"""The ground of all tests: a real PostgreSQL of their own, two roles, no outside network, a fixed instant.

Migrations run as the owner into a template; every test process works on a copy of it as the role `app`, inside a
transaction that is rolled back. A test with several connections or processes takes `own_database`, a copy for its
module alone; nothing is ever flushed, because the role `app` may not truncate.
"""

import gc
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests import browsers

# How long a machine takes to think of examples says nothing about the product.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("suite")

# Files that take long: begun first, so that no process waits at the end while another is still at one of them.
LONG = (
    "test_real_portfolio",
    "test_many_at_once",
    "test_night_killed",
    "test_schedulers",
    "test_designer_browser",
    "test_axe",
)
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# No page lives long enough to earn back what compiling its scripts a second and a third time costs.
NO_OPTIMISING = "--js-flags=--no-opt --no-maglev"
NO_CHROMIUM = "no chromium on this machine"
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "::ffff:127.")
ROOM = 8 * 2**30  # bytes that stay free on the disk where copies are kept until the end
_disks: list[str] = []  # where the servers of the tests keep their data, where they are ours
_set_aside: list[str] = []


def _browser() -> str | None:
    """Return the browser on this machine: the one without a window first, which costs half as much."""
    found = (shutil.which(name) for name in BROWSERS)
    return next((path for path in found if path is not None), None)


def pytest_configure(config: pytest.Config) -> None:
    """Point the settings at the test servers before anything connects."""
    from django.conf import settings

    from collections_app import embedded, translations
    from collections_app.env import database_parts

    if not hasattr(config, "workerinput"):
        translations.compile_all()  # pages are tested in Chinese as they are served
    if settings.EMBEDDED:
        servers = embedded.ensure(settings.VAR_DIR, embedded.TESTS)
        settings.EMBEDDED_PURPOSE = embedded.TESTS
        _disks.append(servers.data)
        settings.DATABASE_URL, settings.DATABASE_OWNER_URL = servers.app_url, servers.owner_url
        parts = database_parts(servers.app_url, name="DATABASE_URL")
        settings.DATABASES["default"].update({key: parts[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})
        settings.REDIS_URL = servers.redis_url
    settings.CELERY_BROKER_URL = "memory://"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    settings.EPOCH_FOLDER = ""  # tests roll their databases back; those of the epoch take a folder of their own
    settings.MEDIA_ROOT = settings.VAR_DIR / "test-files" / str(os.getpid())
    _refuse_the_outside()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the test servers; the last process to leave stops them."""
    from django.conf import settings

    from collections_app import embedded

    if settings.configured:
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
        embedded.release(settings.VAR_DIR, embedded.TESTS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put every file in its turn, refuse flushing tests, and skip browser tests where there is no browser."""
    own = {item.path for item in items if {"own_database", "fresh_database"} & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: _turn(item.path, own))
    chromium = _browser()
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker is not None and marker.kwargs.get("transaction"):
            raise pytest.UsageError(f"{item.nodeid}: tests flush nothing; take the fixture own_database instead.")
        if item.get_closest_marker("browser") and chromium is None:
            item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def _turn(path: Path, own: set[Path]) -> int:
    """Return when a file has its turn: the longest first, and at the end many short ones, so that processes end
    together. own: the files with a database of their own, which wait a good part of their time.
    """
    if path.name.startswith(LONG) or "flows" in path.parts:
        return 0
    if path in own:
        return 2
    return 3 if "contacts" in path.parts else 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Search for garbage neither while tests are collected, nor later among the many objects that they all share."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
    return result


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Close what a browser test opened, also where it failed."""
    if item.get_closest_marker("browser"):
        browsers.close_pages()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly what was not tried."""
    skipped = terminalreporter.stats.get("skipped", [])
    unseen = [report for report in skipped if NO_CHROMIUM in str(report.longrepr)]
    if unseen:
        terminalreporter.write_line(
            f"!!! {len(unseen)} BROWSER TESTS WERE NOT RUN: {NO_CHROMIUM}. `bash .ci/run` installs one.",
            red=True,
            bold=True,
        )
    no_data = [report for report in skipped if "COLLECTIONS_TEST_DATA" in str(report.longrepr)]
    if no_data:
        terminalreporter.write_line(
            f"!!! {len(no_data)} TESTS ON LICENSED DATA WERE NOT RUN: COLLECTIONS_TEST_DATA is not set.",
            red=True,
            bold=True,
        )


@pytest.fixture(autouse=True)
def in_english() -> None:
    """Begin every test in English and UTC: a request leaves the language and the zone of its reader behind."""
    from django.conf import settings
    from django.utils import timezone, translation

    translation.activate(settings.LANGUAGE_CODE)
    timezone.deactivate()


@pytest.fixture(autouse=True)
def nothing_scheduled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test look for scheduled pack releases, unless it takes `scheduled_releases`: pure tests have no database,
    and a test that counts queries counts the same ones every time.
    """
    if "scheduled_releases" not in request.fixturenames:
        from compliance.releases import in_force

        monkeypatch.setattr(in_force, "announced", lambda: ())


@pytest.fixture
def scheduled_releases() -> Iterator[None]:
    """Read scheduled pack releases as the product does, in this process from the beginning."""
    from compliance.releases import in_force

    in_force.forget()
    yield
    in_force.forget()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Give this process a copy of the migrated template, used as the role `app`."""
    from collections_app import database, scratch

    name = f"test_{os.getpid()}"
    with django_db_blocker.unblock():
        _drop_those_of_dead_runs()
        _copy(name)
        database.use_database(name)
    yield
    with django_db_blocker.unblock():
        from django.db import connections

        connections.close_all()
        database.use_database(scratch.PREFIX)
        for each in [name, *_set_aside]:
            database.drop(each)


@dataclass
class OwnDatabase:
    """A database of one module (or one test), with what a child process needs to use it."""

    name: str
    url: str
    owner_url: str
    redis_url: str
    env: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Act as the owner inside the block, for what the role `app` may not do."""
        from collections_app.database import as_owner

        with as_owner():
            yield


@pytest.fixture(scope="module")
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[OwnDatabase]:
    """Give the module a database of its own, for several connections; what they commit stays until its end."""
    yield from _own_database(django_db_blocker)


@pytest.fixture
def fresh_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[OwnDatabase]:
    """Give one test a database of its own; `own_database` is cheaper where tests of a module can share."""
    yield from _own_database(django_db_blocker)


@pytest.fixture(scope="module")
def site(own_database: OwnDatabase) -> Iterator[Any]:
    """Serve the product over HTTP on the module's own database; `site.url` is its address."""
    from pytest_django.live_server_helper import LiveServer

    server = LiveServer("localhost")
    yield server
    browsers.close_windows(server.url)
    server.stop()


@pytest.fixture
def broker(worker_id: str) -> str:
    """Return the address of an emptied Valkey database of this test process."""
    import redis
    from django.conf import settings

    number = 1 + (int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0)
    address = settings.REDIS_URL.rpartition("/")[0] + f"/{number}"
    redis.Redis.from_url(address).flushdb()
    return address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Return a running headless chromium (Playwright), the one that is installed on the machine."""
    from django.db import connections
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop running in this thread, which Django takes for an asynchronous caller: from here on
    # it keeps the connections of this process elsewhere. Those of before would be shared with every forked process.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    connections.close_all()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_browser(), args=["--no-sandbox", "--disable-dev-shm-usage", NO_OPTIMISING]
        )
        yield browser
        browser.close()


@pytest.fixture
def at() -> datetime:
    """Return a fixed instant: Wednesday 4 March 2026, 15:00 UTC (23:00 in Shanghai, 10:00 in New York)."""
    return datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


@pytest.fixture
def team(db: None) -> Any:
    """Return a team."""
    from collections_app.staff.models import Team

    return Team.objects.create(code="north", name="North")


@pytest.fixture
def make_user(db: None) -> Callable[..., Any]:
    """Return a function that makes a user of a role: make_user("collector", team=team)."""
    from collections_app.staff.models import User

    def make(role: str, *, username: str | None = None, team: Any = None, **fields: Any) -> Any:
        return User.objects.create_user(
            username=username or role, password="a long pass phrase", role=role, team=team, **fields
        )

    return make


@pytest.fixture
def collector(make_user: Callable[..., Any], team: Any) -> Any:
    """Return a collector of the team."""
    return make_user("collector", team=team)


@pytest.fixture
def supervisor(make_user: Callable[..., Any], team: Any) -> Any:
    """Return the supervisor of the team."""
    return make_user("supervisor", team=team)


@pytest.fixture
def compliance_officer(make_user: Callable[..., Any]) -> Any:
    """Return a compliance officer."""
    return make_user("compliance")


@pytest.fixture
def outsider(make_user: Callable[..., Any]) -> Any:
    """Return a collector of another team, who may see nothing of the first."""
    from collections_app.staff.models import Team

    return make_user("collector", username="outsider", team=Team.objects.create(code="south", name="South"))


def _own_database(django_db_blocker: Any) -> Iterator[OwnDatabase]:
    import secrets

    from django.conf import settings
    from django.db import connections

    from collections_app import database

    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    with django_db_blocker.unblock():
        before = connections.settings["default"]["NAME"]
        _copy(name)
        database.use_database(name)
        own = OwnDatabase(name, database.url(name), database.url(name, role="owner"), settings.REDIS_URL)
        own.env = {
            **os.environ,
            "DEVELOPMENT": "1",
            "DATABASE_URL": own.url,
            "DATABASE_OWNER_URL": own.owner_url,
            "REDIS_URL": own.redis_url,
        }
        yield own
        connections.close_all()
        database.use_database(before)
        _be_done_with(name)


def _copy(name: str) -> None:
    from collections_app import database, scratch

    database.create(name, template=scratch.migrated_template())


def _be_done_with(name: str) -> None:
    """Let nobody use a copy any more, and drop it with all others at the end.

    A file system may take a second to find places for the thousand files of the next copy where it has just lost as
    many (ext4 passes over every inode deleted in the last minutes, one by one), and a twentieth where it has not.
    """
    import psycopg2

    from collections_app import database

    if not _disks or shutil.disk_usage(_disks[0]).free < ROOM:
        database.drop(name)
        return
    link = psycopg2.connect(database.url("postgres", role="owner"))
    link.autocommit = True
    with closing(link), link.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    _set_aside.append(name)


def _drop_those_of_dead_runs() -> None:
    from collections_app import database

    for name in database.names("test_"):
        number = name.split("_")[1]
        if number.isdigit() and not _alive(int(number)):
            database.drop(name)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refuse_the_outside() -> None:
    """Make every connection that leaves this machine an error."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise RuntimeError(f"A test tried to reach {address[0]}; tests never leave the machine.")

    def guarded_connect(self: socket.socket, address: Any) -> Any:
        check(self, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> Any:
        check(self, address)
        return connect_ex(self, address)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign]
