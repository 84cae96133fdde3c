"""Files about money that are uploaded and wait: what `cases.imports.waiting` is told of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cases.imports import waiting
from cases.models import Creditor, ImportBatch
from collections_app.shared.actor import Actor

from . import bank, formats, loader
from .reader import MoneyFile


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One kind of such files. loads: what takes a batch of it into the book."""

    kind: str
    loads: Callable[..., object]

    def find(self, name: str, path: Path, *, creditor: Creditor, today: date) -> tuple[Any, int | None]:
        """Return the mapping of that name with its key, tried on the headings of the file."""
        mapping, stored = loader.find_mapping(name, path, kind=self.kind, creditor=creditor)
        MoneyFile(path, mapping, today=today, currency=creditor.currency)
        return mapping, stored.pk if stored else None

    def load(
        self, batch: ImportBatch, *, path: Path, actor: Actor, at: datetime, progress: Callable[[int, int], object]
    ) -> object:
        """Load the file of a batch."""
        name = batch.mapping.name if batch.mapping else loader.AUTO
        mapping = formats.from_spec(name, batch.kind, batch.mapping_spec)
        return self.loads(batch, path=path, mapping=mapping, actor=actor, at=at, progress=progress)


def register() -> None:
    """Let payments and bank statements wait beside the tapes. Called once, when the app is ready."""
    waiting.register(formats.PAYMENTS, Uploaded(formats.PAYMENTS, loader.load_batch))
    waiting.register(formats.BANK, Uploaded(formats.BANK, bank.load_batch))
