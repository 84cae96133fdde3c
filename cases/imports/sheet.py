"""An XLSX file as rows of text, read by a limited child process."""

import json
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Final

from .refusals import FileRefused

MEMORY: Final = 2 * 1024**3  # bytes
SECONDS: Final = 120  # of processor time, and of the wall clock
UNPACKED: Final = 1024**3  # bytes
_CHILD: Final = Path(__file__).with_name("sheet_child.py")
_REASONS: Final = {3: "sheet_is_too_large", 4: "sheet_is_unreadable", 5: "sheet_is_missing"}


def rows(
    path: Path, *, memory: int = MEMORY, seconds: float = SECONDS, unpacked: int = UNPACKED
) -> Generator[tuple[int, list[str]]]:
    """Yield (row number from 1, cells as text) of the first sheet.

    Raises FileRefused sheet_* when the child refuses, dies of its limits, or takes longer than `seconds`.
    """
    child = subprocess.Popen(  # noqa: S603 - our own file, run by our own interpreter
        [sys.executable, "-I", str(_CHILD), str(path), str(memory), str(max(1, round(seconds))), str(unpacked)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="ascii",
    )
    late = threading.Event()

    def stop() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    finished = False
    try:
        if child.stdout is None:
            raise FileRefused("sheet_is_unreadable")
        for number, line in enumerate(child.stdout, 1):
            yield number, json.loads(line)
        finished = True
    except json.JSONDecodeError:  # the child died in the middle of a line
        finished = True
    finally:
        timer.cancel()
        if not finished:
            child.kill()
        status = child.wait()
        if child.stdout is not None:
            child.stdout.close()
    if late.is_set():
        raise FileRefused("sheet_takes_too_long", seconds=seconds)
    if status != 0:
        raise FileRefused(_REASONS.get(status, "sheet_is_too_large"))
