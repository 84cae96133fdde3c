"""What the tests of imports share: a creditor with one product, and files written on the spot."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def creditor(db: None) -> Any:
    from cases.models import Creditor, Product

    creditor = Creditor.objects.create(
        code="island-bank", name="Island Bank", kind="bank", time_zone="Asia/Taipei", currency="TWD", freshness_days=35
    )
    Product.objects.create(creditor=creditor, code="card", name="Card", kind="credit_card")
    return creditor


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes lines (or bytes) to a file and returns its path."""

    def make(*lines: str | bytes, encoding: str = "utf-8", end: str = "\n", name: str = "tape.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(
            lines[0] if isinstance(lines[0], bytes) else "".join(f"{line}{end}" for line in lines).encode(encoding)
        )
        return path

    return make


@pytest.fixture
def load(creditor: Any) -> Callable[..., Any]:
    """Return a function that imports a file: load(path, as_of=..., mapping="auto")."""
    from cases.imports import loader
    from collections_app.shared.actor import SYSTEM

    def run(
        path: Path, *, as_of: date = date(2026, 2, 28), mapping: Any = "auto", at: datetime | None = None, **more: Any
    ) -> Any:
        return loader.import_tape(
            path,
            mapping=mapping,
            creditor=more.pop("creditor", creditor),
            as_of=as_of,
            actor=SYSTEM,
            at=at or datetime(2026, 3, 4, 15, 0, tzinfo=UTC),
            **more,
        )

    return run
