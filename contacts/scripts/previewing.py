"""A script as a collector would see it, with samples or with the values of a case, and what is wrong with it."""

from dataclasses import dataclass
from datetime import datetime

from cases.models import Case
from cases.refusal import Refused
from contacts import rendering
from contacts.scripts import checking, choosing, conditions, notation
from contacts.scripts.choosing import Branch, ReadLine, Shown
from contacts.scripts.notation import BRANCHES, Line
from contacts.scripts.shipped import Source


@dataclass(frozen=True, slots=True)
class Preview:
    """What to show beside the words that are written. shown: None where they cannot be read as a script.

    fits: whether the script would be for the case at all.
    """

    shown: Shown | None
    faults: tuple[str, ...] = ()
    case: Case | None = None
    fits: bool = True

    @property
    def is_ready(self) -> bool:
        """Whether somebody else could approve it as it is."""
        return self.shown is not None and not self.faults


def of(source: Source, *, at: datetime, case: Case | None = None) -> Preview:
    """Return the preview of a script, kept or not."""
    faults = [str(refused) for refused in checking.faults_of(source.body, stage=source.stage)]
    try:
        conditions.check(source.conditions)
    except Refused as refused:
        faults.append(str(refused))
    try:
        notation.read(source.body)
        if case is None:
            return Preview(_with_samples(source), tuple(faults))
        asked = choosing.asked(case, None, source.language, at=at)
        shown = choosing.of_stage(asked, source.stage, but=source)
        return Preview(shown, tuple(faults), case, conditions.fits(source.conditions, asked.situation))
    except Refused as refused:
        return Preview(None, tuple(faults) or (str(refused),), case)


def _with_samples(source: Source) -> Shown:
    words, values = notation.read(source.body), rendering.samples(source.language)

    def filled(line: Line) -> ReadLine:
        text = rendering.render(line.text, values=values, channel="chat").body
        return ReadLine(line.kind, text, line.text, source.key, source.version, source.language, line.rule)

    return Shown(
        stage=source.stage,
        source=source,
        because=tuple(conditions.in_words(source.conditions)),
        lines=tuple(filled(line) for line in words.lines),
        branches=tuple(
            Branch(name, str(BRANCHES[name][0]), BRANCHES[name][1], tuple(filled(line) for line in lines))
            for name, lines in words.branches.items()
        ),
    )
