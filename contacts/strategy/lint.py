"""One finding about a strategy, and a version as the checks read it."""

from dataclasses import dataclass
from typing import Any, Final

from contacts.models import Segment, Step, StrategyVersion
from contacts.strategy import naming
from contacts.strategy.editing import Node

ERROR: Final = "error"
WARNING: Final = "warning"
# Steps after which somebody else decides: the path is over.
ENDS: Final = (Step.Kind.REVIEW, Step.Kind.LEGAL, Step.Kind.AGENCY, Step.Kind.ASSIGN)


@dataclass(frozen=True, slots=True)
class Lint:
    """One finding. code: permanent, for machines; node: where; cases: keys of cases that show it."""

    code: str
    severity: str
    node: Node
    sentence: str
    mend: str
    cases: tuple[int, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether the version cannot be approved with it."""
        return self.severity == ERROR


@dataclass(frozen=True, slots=True)
class Read:
    """A version as the checks read it."""

    version: StrategyVersion
    segments: tuple[tuple[Segment, tuple[Step, ...]], ...]

    @property
    def named(self) -> dict[str, Any]:
        """The conditions that the strategy gives a name."""
        return dict(self.version.named)

    @property
    def called(self) -> dict[str, str]:
        """What its named sets and conditions are called."""
        return naming.called(self.version.strategy)
