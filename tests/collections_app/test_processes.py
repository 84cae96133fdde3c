"""The parent of `make run`: restarts what dies, stops everything, and leaves no orphan when it is killed itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from collections_app.processes import Child, Parent

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Parent]:
    made = Parent(folder=tmp_path, log_folder=tmp_path / "log")
    yield made
    made.stop()


def _until(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    return true()


def _restarted(parent: Parent, child: Child, before: int) -> bool:
    parent.watch_once()
    return child.process is not None and child.process.pid != before


def test_a_child_that_dies_is_started_again_and_it_is_said(parent: Parent, capsys: pytest.CaptureFixture[str]):
    child = parent.start("worker", SLEEP, dict(os.environ))
    assert child.spoke.wait(5)
    assert child.process is not None
    before = child.process.pid
    os.kill(before, signal.SIGKILL)
    assert _until(lambda: _restarted(parent, child, before))
    assert "worker ended (signal SIGKILL); starting it again in 1 s" in capsys.readouterr().out


def test_a_child_that_keeps_dying_waits_longer_each_time(parent: Parent, capsys: pytest.CaptureFixture[str]):
    child = parent.start("web", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))
    for _ in range(3):
        assert _until(lambda: not child.is_running)
        parent.watch_once()
        child.start_again_at = 0
        parent.watch_once()
    said = [line for line in capsys.readouterr().out.splitlines() if "starting it again" in line]
    assert [line.partition("(")[2] for line in said] == [
        "status 3); starting it again in 1 s",
        "status 3); starting it again in 2 s",
        "status 3); starting it again in 4 s",
    ]


def test_stopping_ends_children_and_what_they_left_behind(parent: Parent, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("collections_app.processes.STOP_WITHIN_S", 0.5)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    child = parent.start("deaf", [sys.executable, "-c", deaf], dict(os.environ))
    assert child.spoke.wait(5)
    parent.stop()
    assert not child.is_running


def test_what_a_child_says_is_kept_in_its_log(parent: Parent, tmp_path: Path):
    child = parent.start("beat", SLEEP, dict(os.environ))
    assert child.spoke.wait(5)
    assert (tmp_path / "log" / "beat.log").read_text() == "up\n"


@pytest.mark.skipif(sys.platform != "linux", reason="children are tied to their parent by the Linux kernel")
def test_a_killed_parent_leaves_no_orphan(tmp_path: Path):
    program = (
        "import os, sys, time; from pathlib import Path; from collections_app.processes import Parent;"
        "parent = Parent(folder=Path('.'), log_folder=Path(sys.argv[1]));"
        "child = parent.start('x', [sys.executable, '-c', 'import time; time.sleep(60)'], dict(os.environ));"
        "time.sleep(0.5); print('pid', child.process.pid, flush=True); time.sleep(60)"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    orphan = int(killed.stdout.readline().split()[1])
    killed.kill()
    killed.communicate()
    assert _until(
        lambda: not Path(f"/proc/{orphan}").exists() or "Z" in Path(f"/proc/{orphan}/stat").read_text().split()[2]
    )
