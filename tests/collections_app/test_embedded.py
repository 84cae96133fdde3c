"""The embedded servers: started once for all, stopped by the last user, restarted after a crash, removed wholly."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import redis
from django.conf import settings
from django.db import ConnectionHandler

from collections_app import embedded
from collections_app.embedded import places, postgres, valkey
from collections_app.postgresql.base import DatabaseWrapper
from contacts.rehearsal import parts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("a folder with 'spaces'") / "var"
    yield folder
    embedded.release(folder, embedded.BOOK)
    embedded.remove(folder)


def _ask(servers: embedded.Servers, statement: str, role: str = "app") -> object:
    connection = psycopg2.connect(servers.url(role))
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def _pid(servers: embedded.Servers) -> int | None:
    return postgres.running_pid(Path(servers.data) / "postgres")


def test_they_start_in_a_path_with_spaces_and_know_two_roles(var: Path):
    servers = embedded.ensure(var, embedded.BOOK)
    assert _ask(servers, "SELECT current_user") == "app"
    assert _ask(servers, "SELECT rolsuper FROM pg_roles WHERE rolname = 'app'") is False
    assert _ask(servers, "SELECT rolsuper FROM pg_roles WHERE rolname = 'owner'", "owner") is True
    assert _ask(servers, "SHOW max_connections") == "300"
    assert redis.Redis.from_url(servers.redis_url).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


@pytest.mark.parametrize(
    ("memory_mb", "shared_mb"), [(512, 128), (1_536, 128), (6_144, 512), (24_000, 2_000), (96_000, 2_048)]
)
def test_postgresql_keeps_a_twelfth_of_the_memory_within_bounds(memory_mb: int, shared_mb: int):
    assert postgres.shared_buffers_mb(memory_mb) == shared_mb


def test_whoever_starts_a_process_on_the_database_finds_where_it_is_also_where_it_has_just_been_made(
    var: Path, settings: Any
):
    settings.VAR_DIR, settings.EMBEDDED_PURPOSE = var, embedded.BOOK
    settings.DATABASE_URL = "postgresql://app@/collections"
    servers = embedded.ensure(var, embedded.BOOK)
    read = {"NAME": servers.database, "USER": "app", "PASSWORD": servers.app_password, "HOST": ""}
    wrapper = DatabaseWrapper(
        ConnectionHandler({"default": {"ENGINE": "collections_app.postgresql", **read}}).settings["default"]
    )
    assert parts._url(wrapper.settings_dict).partition("@")[2] == "/collections"  # as the settings were read
    wrapper.get_new_connection(wrapper.get_connection_params()).close()
    assert parts._url(wrapper.settings_dict).partition("@")[2] == servers.app_url.partition("@")[2]


def test_a_wrong_password_is_refused(var: Path):
    servers = embedded.ensure(var, embedded.BOOK)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(servers.app_url.replace(servers.app_password, "guessed"))
    with pytest.raises(redis.AuthenticationError):
        valkey._client(servers.valkey_port, "guessed").ping()


def test_only_their_user_can_reach_sockets_and_secrets(var: Path):
    servers = embedded.ensure(var, embedded.BOOK)
    assert stat.S_IMODE(os.stat(servers.sockets).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(var / embedded.BOOK / "servers.json").st_mode) == 0o600
    assert len(servers.sockets) + len("/.s.PGSQL.5432") < 107
    # Nothing around our own folders was opened.
    assert stat.S_IMODE(var.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_started_as_root_the_server_runs_as_nobody(var: Path):
    pid = _pid(embedded.ensure(var, embedded.BOOK))
    assert pid is not None
    assert Path(f"/proc/{pid}").stat().st_uid == places.NOBODY


def test_a_second_start_is_the_same_server(var: Path):
    first = embedded.ensure(var, embedded.BOOK)
    assert _pid(embedded.ensure(var, embedded.BOOK)) == _pid(first)


def test_what_another_process_uses_is_not_stopped(var: Path):
    servers = embedded.ensure(var, embedded.BOOK)
    program = (
        "import sys; from pathlib import Path; from collections_app import embedded;"
        "embedded.ensure(Path(sys.argv[1]), 'book'); print('up', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(var)],
        cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None
    assert other.stdout.readline() == "up\n"
    embedded.release(var, embedded.BOOK)
    assert _pid(servers) is not None
    with pytest.raises(embedded.EmbeddedServerFault, match="in use"):
        embedded.remove(var)
    other.communicate("")
    assert _pid(servers) is None


def test_after_a_crash_they_start_again_with_their_data(var: Path):
    servers = embedded.ensure(var, embedded.BOOK)
    connection = psycopg2.connect(servers.owner_url)
    connection.autocommit = True
    connection.cursor().execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS one")
    connection.close()
    pid = _pid(servers)
    assert pid is not None
    os.close(embedded._held.pop(str(var / embedded.BOOK))[1])
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while _pid(servers) is not None and time.monotonic() < until:
        time.sleep(0.02)
    # Its number belongs to another process by now, as after a restart of the machine.
    (Path(servers.data) / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    servers = embedded.ensure(var, embedded.BOOK)
    assert _ask(servers, "SELECT one FROM kept", "owner") == 1


def test_a_vanished_folder_is_made_anew_and_said_aloud(var: Path, capsys: pytest.CaptureFixture[str]):
    servers = embedded.ensure(var, embedded.BOOK)
    embedded.release(var, embedded.BOOK)
    shutil.rmtree(servers.data)
    shutil.rmtree(servers.sockets)
    servers = embedded.ensure(var, embedded.BOOK)
    assert "is gone; a new, empty database is made" in capsys.readouterr().err
    assert _ask(servers, "SELECT to_regclass('kept')::text", "owner") is None


def test_a_copied_folder_gets_servers_of_its_own(var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first = embedded.ensure(var, embedded.BOOK)
    (tmp_path / embedded.BOOK).mkdir()
    shutil.copy(var / embedded.BOOK / "servers.json", tmp_path / embedded.BOOK)
    second = embedded.describe(tmp_path, embedded.BOOK)
    assert (second.data, second.owner_password == first.owner_password) == ("", False)
    assert "came from another folder" in capsys.readouterr().err


def test_removing_leaves_nothing(var: Path):
    servers = embedded.ensure(var, embedded.BOOK)
    embedded.release(var, embedded.BOOK)
    removed = embedded.remove(var)
    assert removed == [servers.data, servers.sockets]
    assert not Path(servers.data).exists()
    assert not Path(servers.sockets).exists()
    shutil.rmtree(var)


def test_the_secrets_of_development_are_made_once_and_private(tmp_path: Path):
    made = embedded.development_secrets(tmp_path)
    assert embedded.development_secrets(tmp_path) == made
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert len(made["SECRET_KEY"]) >= 50
