"""The first connection of a process that rehearses: a server with no place for it at that moment is asked again."""

import logging
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.backends.postgresql.base import DatabaseWrapper

from contacts.rehearsal import connecting, parts


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # the path of a socket ends at 107 bytes
        yield Path(folder) / ".s.PGSQL.5432"


@pytest.fixture
def wrapper(place: Path, db: None) -> Iterator[DatabaseWrapper]:
    """Return a connection through a socket that nobody listens at."""
    refusing = socket.socket(socket.AF_UNIX)
    refusing.bind(str(place))
    made = DatabaseWrapper(connection.settings_dict | {"HOST": str(place.parent), "PORT": ""})
    yield made
    made.close()
    refusing.close()


def test_a_connection_that_is_refused_at_first_is_tried_again_and_it_is_told(
    place: Path, wrapper: DatabaseWrapper, caplog: pytest.LogCaptureFixture
):
    waited: list[float] = []
    server = Path(connection.settings_dict["HOST"]) / place.name

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            place.unlink()
            place.symlink_to(server)

    with caplog.at_level(logging.WARNING, logger="contacts.rehearsal.connecting"):
        connecting.connect(wrapper, sleep=wait)
    assert wrapper.is_usable()
    assert waited == [0.1, 0.2]
    told = [record for record in caplog.records if record.name == "contacts.rehearsal.connecting"]
    assert [record.in_s for record in told] == [0.1, 0.2]
    assert all("Connection refused" in record.error for record in told)


def test_one_that_stays_refused_fails_as_it_is_refused_after_a_few_seconds(wrapper: DatabaseWrapper):
    waited: list[float] = []
    with pytest.raises(OperationalError, match="Connection refused"):
        connecting.connect(wrapper, sleep=waited.append)
    assert waited == list(connecting.WAITS_S)
    assert sum(waited) < 10


def test_what_is_no_failure_to_connect_is_not_tried_again(wrapper: DatabaseWrapper, monkeypatch: Any):
    wrapper.settings_dict["NAME"] = ""  # which is no fault of the server's
    waited: list[float] = []
    with pytest.raises(Exception, match="NAME"):
        connecting.connect(wrapper, sleep=waited.append)
    assert waited == []


def test_the_end_of_what_a_process_said_is_its_last_words(tmp_path: Path):
    with (tmp_path / "said").open("w+b") as words:
        words.write(b"Traceback:\n  File x\nOSError: no place\n  Is it there?\n")
        words.flush()

        class Ended:
            def wait(self) -> int:
                return 1

        assert parts._last_words(parts._Started(Ended(), words)) == "OSError: no place Is it there?"
        words.truncate(0)
        assert parts._last_words(parts._Started(Ended(), words)) == "ended with 1"
