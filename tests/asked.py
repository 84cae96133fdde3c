"""For tests that change what a question which is asked often is made of: it was made before, and is kept."""

from types import ModuleType

import pytest


def anew(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *names: str) -> None:
    """Let these questions of a module be put together once more, for this test alone."""
    for name in names:
        kept = getattr(module, name)
        monkeypatch.setattr(module, name, type(kept)(kept.build))
