"""What the tests of the architecture read: the tracked sources, as text and as syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

PACKAGES = ("collections_app", "cases", "contacts", "compliance")


@cache
def python_files(*packages: str) -> tuple[Path, ...]:
    """Return the Python files of the packages (all four when none is named), without migrations."""
    found = []
    for package in packages or PACKAGES:
        found += [path for path in (settings.BASE_DIR / package).rglob("*.py") if "migrations" not in path.parts]
    return tuple(sorted(found))


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path) -> str:
    """Return the path as a reader of the repository knows it."""
    return path.relative_to(settings.BASE_DIR).as_posix()


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Return every call of a file with its dotted name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.expr) -> str:
    """Return a.b.c for names and attributes, and an empty text for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files under version control; outside a checkout, every file but those that are made."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        names = [name for name in done.stdout.split("\0") if name]
        return tuple(path for path in (settings.BASE_DIR / name for name in names) if path.is_file())
    made = {"var", ".venv", "__pycache__", ".git", "staticfiles"}
    return tuple(path for path in settings.BASE_DIR.rglob("*") if path.is_file() and not made & set(path.parts))
