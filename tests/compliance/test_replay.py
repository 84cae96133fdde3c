"""A decision computed in another process, place and hash seed is the same to the byte."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _run(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.compliance.replayed"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_outcomes_are_equal_to_the_byte_in_another_process() -> None:
    here = _run(TZ="UTC", PYTHONHASHSEED="0", LC_ALL="C")
    there = _run(TZ="Asia/Kathmandu", PYTHONHASHSEED="4242", LC_ALL="C.UTF-8")
    assert here == there
    assert len(here) == 64
