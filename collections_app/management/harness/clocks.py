"""The clock of a trial: it runs faster than the real one, and may be set forward on the way, as clocks are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

SPEED: Final = 20  # times as fast as the real one, so that a wait of a minute is one of three seconds


@dataclass(frozen=True, slots=True)
class TrialClock:
    """begins: what it shows at first. jumps: (real seconds after which it is set, what it is set to), in order."""

    begins: datetime
    jumps: tuple[tuple[float, datetime], ...] = ()

    def after(self, seconds: float) -> datetime:
        """Return what it shows so many real seconds after the beginning."""
        set_after, shows = 0.0, self.begins
        for when, to in self.jumps:
            if seconds >= when:
                set_after, shows = when, to
        return shows + timedelta(seconds=SPEED * (seconds - set_after))

    def as_json(self) -> dict[str, Any]:
        """Return it for another process."""
        return {"begins": self.begins.isoformat(), "jumps": [[when, to.isoformat()] for when, to in self.jumps]}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "TrialClock":
        """Return the clock that another process has told."""
        jumps = tuple((float(when), datetime.fromisoformat(to)) for when, to in said["jumps"])
        return cls(datetime.fromisoformat(said["begins"]), jumps)
