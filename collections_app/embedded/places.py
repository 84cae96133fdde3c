"""Where embedded servers may live, and as whom they run.

PostgreSQL refuses to run as root. Started by root it runs under uid 65534 (nobody), which cannot enter the folders of
the person who cloned the project; instead of opening those, the cluster (and, where needed, a copy of the server's
programs) lies in a folder of its own below the system's temporary folder.
"""

import os
import shutil
import stat
import tempfile
from pathlib import Path

NOBODY = 65534
PREFIX = "collections-"


class NoPlace(OSError):
    """No folder is there that the server's user can enter."""


def as_user() -> dict[str, object]:
    """Return the arguments that make a child process run as the server's user."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def folder(path: Path) -> Path:
    """Return the folder, made for its owner only where it is new. Raises NoPlace when it cannot be written."""
    path = Path(os.path.abspath(path))
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NoPlace(f"{path} cannot be made: {error}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise NoPlace(f"{path} cannot be written by this user; another one made it (sudo?). Remove it, or set VAR_DIR.")
    return path


def data_folder(home: Path) -> str:
    """Return a new folder for the servers: in `home`, or as root below the system's folder for temporary files."""
    if os.geteuid() != 0:
        return str(folder(home / "servers"))
    return _made_for_nobody(("/var/tmp", "/var/lib", tempfile.gettempdir()))


def socket_folder() -> str:
    """Return a new short folder for sockets (their paths end at 107 bytes), open to the server's user only."""
    if os.geteuid() != 0:
        return tempfile.mkdtemp(prefix=PREFIX, dir=_first_short(("/tmp", tempfile.gettempdir())))
    return _made_for_nobody(("/tmp", tempfile.gettempdir(), "/run"))


def is_usable_socket_folder(path: str) -> bool:
    """Return whether the folder is still there and nobody else could have made it."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and stat.S_IMODE(found.st_mode) == 0o700


def is_ours(path: str) -> bool:
    """Return whether this is a folder that this module made, and so may be removed."""
    found = Path(path)
    return found.is_dir() and not found.is_symlink() and (found.name.startswith(PREFIX) or found.name == "servers")


def nobody_can_execute(path: Path) -> bool:
    """Return whether the server's user may execute this program where it lies."""
    real = path.resolve()
    return os.geteuid() != 0 or (_others_may_execute(real) and _nobody_can_enter(real.parent))


def program(original: Path, *, data: Path) -> Path:
    """Return a program that the server's user may execute: the original, or a copy below `data`."""
    if nobody_can_execute(original):
        return original
    found = original.stat()
    copy = data / f"{original.name}-{found.st_size}-{int(found.st_mtime)}"
    if not copy.is_file():
        unfinished = data / f"{original.name}.new"
        shutil.copyfile(original, unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(copy)
    return copy


def open_to_all(root: Path) -> None:
    """Let everybody read and enter a copy that we made, and execute what its owner may execute."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def give(path: Path) -> None:
    """Hand a file or folder of ours to the server's user."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def _made_for_nobody(parents: tuple[str, ...]) -> str:
    for parent in parents:
        if os.path.isdir(parent) and _nobody_can_enter(Path(parent)):
            try:
                made = tempfile.mkdtemp(prefix=PREFIX, dir=parent)
            except OSError:
                continue
            os.chown(made, NOBODY, NOBODY)
            return made
    raise NoPlace(
        f"None of {', '.join(parents)} can be used for the database; start as a plain user, or set DATABASE_URL."
    )


def _first_short(parents: tuple[str, ...]) -> str:
    for parent in parents:
        if len(parent) < 60 and os.access(parent, os.W_OK | os.X_OK):
            return parent
    raise NoPlace("No short folder for sockets was found; set TMPDIR to one.")


def _nobody_can_enter(path: Path) -> bool:
    return all(_others_may_execute(parent) for parent in (path.resolve(), *path.resolve().parents))


def _others_may_execute(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IXOTH)
    except OSError:
        return False
