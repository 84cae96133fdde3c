"""Threads that share one piece of work end together, and the first fault of any of them is told."""

import threading

import pytest
from django.db import connection

from collections_app.shared.side_by_side import SideBySide


def shares(together, waiting, taken):
    """Return what takes the next of what waits until there is nothing, or until one has failed."""

    def work():
        while together.error is None:
            with together.lock:
                part = next(waiting, None)
            if part is None:
                return
            taken.append((threading.current_thread().name, part))

    return work


def test_all_is_done_once_by_so_many_threads():
    together, taken, met = SideBySide(), [], threading.Barrier(3)
    work = shares(together, iter(range(1, 100)), taken)

    def meet():
        met.wait(timeout=30)  # three are at it at the same time, or this fails
        work()

    together.work(meet, meet, several=3, name="part")
    assert sorted(part for _, part in taken) == list(range(1, 100))
    assert {name for name, _ in taken} <= {threading.current_thread().name, "part 2", "part 3"}


def test_one_alone_starts_no_thread():
    names = []
    SideBySide().work(lambda: names.append(threading.current_thread().name), pytest.fail, several=1, name="part")
    assert names == [threading.current_thread().name]


@pytest.mark.parametrize("is_mine", [True, False])
def test_where_one_fails_the_others_end_and_its_error_is_raised_when_they_have(is_mine):
    together, ended = SideBySide(), []

    def fails():
        raise ValueError("no room")

    def goes_on():
        while together.error is None:
            threading.Event().wait(0.001)
        ended.append(True)

    with pytest.raises(ValueError, match="no room"):
        together.work(fails if is_mine else goes_on, goes_on if is_mine else fails, several=2, name="part")
    assert ended == [True]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("part ")]


def test_the_connections_of_the_others_are_closed(own_database):
    backends = set()

    def ask():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backends.add(cursor.fetchone()[0])

    together = SideBySide()
    together.work(ask, ask, several=3, name="part")
    assert len(backends) == 3
    with connection.cursor() as cursor:
        for _turn in range(200):  # a backend takes a moment to end
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)", [sorted(backends)])
            if len(left := cursor.fetchall()) == 1:
                return
            threading.Event().wait(0.05)
    pytest.fail(f"still connected: {left}")
