"""Why a file, a row or a cell was not taken: a code and its values; `report` turns them into sentences."""

from dataclasses import dataclass, field
from typing import Any


class FileRefused(Exception):
    """The whole file is refused; nothing of it is loaded.

    code: one of report.SENTENCES; values: what the sentence needs; line: where in the file, if anywhere.
    """

    def __init__(self, code: str, *, line: int | None = None, **values: Any) -> None:
        super().__init__(code, values)
        self.code, self.line, self.values = code, line, values


class MappingUnclear(FileRefused):
    """The file can be read in more than one way, and only a person can say which; the code is the question."""


class CellRefused(ValueError):
    """One cell cannot be taken as what its column says it is."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """One reason why one row is not loaded (or, as a remark, one cell of a loaded row left out).

    line: the line of the file on which the row begins, counted from 1. column: the heading, or "" for the whole row.
    """

    line: int
    column: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)
