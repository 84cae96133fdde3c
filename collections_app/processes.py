"""One parent for the processes of a development installation: starts them, restarts one that dies, stops them all."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

STOP_WITHIN_S = 20
LONGEST_WAIT_S = 30
FORGIVEN_AFTER_S = 60
LOG_KEPT_BYTES = 5 * 1024 * 1024

# Runs a command that ends when its parent ends, however that happens (Linux; elsewhere the parent's own stop must do).
TIED = (
    "import ctypes, os, signal, sys\n"
    "try: ctypes.CDLL(None).prctl(1, signal.SIGTERM)\n"
    "except Exception: pass\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


@dataclass
class Child:
    """One process to keep running."""

    name: str
    command: list[str]
    env: dict[str, str]
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    deaths: int = 0
    start_again_at: float = 0.0
    first_line: str = ""
    spoke: threading.Event = field(default_factory=threading.Event)

    @property
    def is_running(self) -> bool:
        """Whether the process runs at this moment."""
        return self.process is not None and self.process.poll() is None


class Parent:
    """Keeps children running until told to stop. All its methods belong to the main thread."""

    def __init__(self, *, folder: Path, log_folder: Path) -> None:
        """Start children in `folder`; their output goes to a file each in `log_folder`, and to the terminal."""
        self.folder, self.log_folder = folder, log_folder
        self.children: list[Child] = []
        self.stopping = False
        self._print = threading.Lock()
        log_folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def start(self, name: str, command: list[str], env: dict[str, str]) -> Child:
        """Start a child and keep it running."""
        child = Child(name, command, env)
        self.children.append(child)
        self._launch(child)
        return child

    def say(self, text: str, *, name: str = "run") -> None:
        """Print a line with the name of the one who speaks."""
        with self._print:
            print(f"{name:<7} | {text}", flush=True)  # noqa: T201  (this is the terminal of `make run`)

    def catch_signals(self) -> None:
        """Stop on Ctrl-C and on SIGTERM."""

        def stop(*_: object) -> None:
            self.stopping = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)

    def watch_once(self) -> None:
        """Look at each child: say which died, and start again those whose time has come."""
        now = time.monotonic()
        for child in self.children:
            if child.is_running:
                if child.deaths and now - child.started_at > FORGIVEN_AFTER_S:
                    child.deaths = 0
                continue
            if child.process is not None:
                wait = min(2**child.deaths, LONGEST_WAIT_S)
                child.deaths += 1
                child.start_again_at = now + wait
                self.say(f"{child.name} ended ({_how(child.process.returncode)}); starting it again in {wait} s")
                child.process = None
            elif now >= child.start_again_at:
                self._launch(child)

    def watch(self) -> None:
        """Keep the children running until told to stop."""
        while not self.stopping:
            self.watch_once()
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask all children to end, and end those that take longer than STOP_WITHIN_S."""
        self.stopping = True
        running = [child for child in self.children if child.process is not None and child.is_running]
        for child in running:
            _signal(child, signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN_S
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} did not stop in {STOP_WITHIN_S} s and is ended")
            # Also what it may have left in its group, such as workers of a pool.
            _signal(child, signal.SIGKILL)
            child.process.wait()

    def _launch(self, child: Child) -> None:
        child.spoke.clear()
        child.process = subprocess.Popen(  # noqa: S603  (our own commands)
            [sys.executable, "-c", TIED, *child.command],
            cwd=self.folder,
            env=child.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        child.started_at = time.monotonic()
        threading.Thread(target=self._listen, args=(child, child.process.stdout), daemon=True).start()

    def _listen(self, child: Child, output: IO[str]) -> None:
        path = self.log_folder / f"{child.name}.log"
        mode = "w" if path.is_file() and path.stat().st_size > LOG_KEPT_BYTES else "a"
        with open(path, mode, encoding="utf-8") as log, output:
            for line in output:
                log.write(line)
                log.flush()
                if not child.spoke.is_set():
                    child.first_line = line
                    child.spoke.set()
                self.say(line.rstrip(), name=child.name)


def _signal(child: Child, number: int) -> None:
    if child.process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, number)


def _how(code: int) -> str:
    if code >= 0:
        return f"status {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"
