"""The script of a call: the most specific one that fits its case, filled with the values of the case."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cases import ageing
from cases.arrears import Arrears
from cases.models import Case
from collections_app.shared import clock
from contacts import facts, rendering
from contacts.dispatch import wanted, wording
from contacts.facts import CaseFile
from contacts.models import ContactAttempt, ScriptVersion, Stage
from contacts.models.attempt import OWING
from contacts.scripts import binding, conditions, notation, shipped
from contacts.scripts.binding import Demand
from contacts.scripts.conditions import Situation
from contacts.scripts.notation import BRANCHES, DISCLOSE, SAY, Line, Words
from contacts.scripts.shipped import Source

FALLBACK: Final = "en"


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line with the values of the case. fault: why it cannot be read out, where it cannot; text is then empty.

    words: as they stand in the script. script, version, language: whose words they are.
    """

    kind: str
    text: str
    words: str
    script: str
    version: int
    language: str
    rule: str = ""
    pack: str = ""
    citation: str = ""
    title: str = ""
    fault: str = ""

    @property
    def is_required(self) -> bool:
        """Whether a rule demands that it is said."""
        return self.kind == DISCLOSE


@dataclass(frozen=True, slots=True)
class Branch:
    """What to say to somebody who answers so. key: that opens it."""

    name: str
    label: str
    key: str
    lines: tuple[ReadLine, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The script of one stage of a call, and why it is this one."""

    stage: str
    source: Source
    because: tuple[str, ...]
    lines: tuple[ReadLine, ...]
    branches: tuple[Branch, ...] = ()

    @property
    def disclosures(self) -> tuple[ReadLine, ...]:
        """The lines that a rule demands, in the order in which they are said."""
        return tuple(line for line in self.lines if line.is_required)

    @property
    def name(self) -> str:
        """What the script is called, in the reader's language where the program knows it."""
        reader = "zh-hans" if (get_language() or "").startswith("zh") else "en"
        known = shipped.source(self.source.key, reader)
        return known.name if known is not None else self.source.name

    @property
    def why(self) -> str:
        """Why this script, in one line."""
        return _("because: %(found)s") % {"found": ", ".join(self.because)} if self.because else _("for every case")

    def as_kept(self) -> dict[str, Any]:
        """Return whose words were shown, with a hash of them."""
        whole = "\n".join(f"{line.kind} {line.rule}: {line.words}" for line in self.lines)
        return {
            "key": self.source.key,
            "version": self.source.version,
            "language": self.source.language,
            "sha256": hashlib.sha256(whole.encode()).hexdigest(),
        }


@dataclass(frozen=True)
class Asked:
    """A call, or a case before any call, of which a script is wanted."""

    file: CaseFile
    demands: Mapping[str, Demand]
    language: str
    party: str = "debtor"
    approved: tuple[Source, ...] = ()

    @cached_property
    def positions(self) -> list[Arrears]:
        """What is past due, read once for all stages."""
        return wanted.positions(self.file)

    @cached_property
    def stages(self) -> dict[str, Shown]:
        """The script of each stage, as it was asked for before."""
        return {}

    @cached_property
    def situation(self) -> Situation:
        """What about the case chooses its script."""
        file = self.file
        found = file.found.case
        today = clock.business_day(file.at, found.creditor_time_zone)
        return Situation(
            jurisdictions=file.jurisdictions,
            acting_as=found.acting_as,
            reason=file.case.default_reason,
            status=file.case.status,
            products=tuple(sorted({account.product_kind for account in file.found.accounts})),
            bucket=ageing.DEFAULT.bucket(file.case.dpd_on(today)),
        )


def language_of(case: Case) -> str:
    """Return the language in which the person is spoken to, where there are scripts in it; else the reader's."""
    spoken = case.person.language or ""
    for language in (spoken, get_language() or ""):
        if language.startswith("zh"):
            return "zh-hans"
        if language.partition("-")[0] == "en":
            return "en"
    return FALLBACK


def for_case(
    case: Case,
    attempt: ContactAttempt | None,
    language: str = "",
    *,
    confirmed: bool,
    at: datetime,
    of: Asked | None = None,
) -> Shown:
    """Return the script of a call: before its person is confirmed the opening, which names neither creditor nor amount.

    attempt: the call; None for a case before any call. language: "" for the one in which the person is spoken to.
    of: what was read already (`asked`). Each stage has a script for every case, for one ships with the program.
    """
    asked_for = of or asked(case, attempt, language, at=at)
    talks = confirmed and (attempt is None or attempt.party in OWING)
    return of_stage(asked_for, Stage.TALK if talks else Stage.OPENING)


def asked(case: Case, attempt: ContactAttempt | None, language: str = "", *, at: datetime) -> Asked:
    """Return what the script of a call is chosen by."""
    chosen = language or language_of(case)
    party = attempt.party if attempt is not None else "debtor"
    contacted = attempt.contacted_id if attempt is not None and attempt.contacted_id != attempt.person_id else None
    file = facts.of_case(case.pk, at=at, contacted_id=contacted, party=party)
    if attempt is not None and attempt.decision is not None:
        demands = binding.of_decision(attempt.decision)
    else:
        demands = binding.of_preview(file) if attempt is None else {}
    return Asked(file, demands, chosen, party, approved())


def approved() -> tuple[Source, ...]:
    """Return the versions that are in force."""
    rows = ScriptVersion.objects.filter(status=ScriptVersion.Status.APPROVED).select_related("script")
    return tuple(source_of(row) for row in rows.order_by("pk"))


def source_of(row: ScriptVersion) -> Source:
    """Return the words of a kept version."""
    return Source(
        key=row.script.key,
        stage=row.script.stage,
        name=row.script.name,
        language=row.language,
        version=row.version,
        conditions={name: tuple(values) for name, values in row.conditions.items()},
        body=row.body,
        pk=row.pk,
    )


def candidates(own: Sequence[Source], *, stage: str, language: str) -> list[Source]:
    """Return the words of this stage in this language: the firm's own, and those of the program whose key has none."""
    taken = {one.key for one in own if one.language == language}
    found = [*own, *(one for one in shipped.sources() if one.key not in taken)]
    return [one for one in found if (one.stage, one.language) == (stage, language)]


def ranked(found: Iterable[Source], situation: Situation) -> list[Source]:
    """Return the scripts for this case, the most specific first; at equal weight the firm's own, then by key."""
    fitting = [one for one in found if conditions.fits(one.conditions, situation)]
    return sorted(
        fitting,
        key=lambda one: (
            *(-part for part in conditions.weight(one.conditions, situation)),
            one.is_shipped,
            one.key,
        ),
    )


def of_stage(of: Asked, stage: str, *, but: Source | None = None) -> Shown:
    """Return the script of one stage. but: this one, whatever else would be chosen (a draft that is tried)."""
    if but is not None:
        return _read(of, stage, but)
    if stage not in of.stages:
        of.stages[stage] = _read(of, stage, None)
    return of.stages[stage]


def _read(of: Asked, stage: str, but: Source | None) -> Shown:
    language = of.language if of.language in shipped.LANGUAGES else FALLBACK
    if but is not None:
        language = but.language
    order = ranked(candidates(of.approved, stage=stage, language=language), of.situation)
    if but is not None:
        order = [but, *(one for one in order if one.key != but.key)]
    first = order[0]
    read = {one: notation.read(one.body) for one in order}
    branches = {}
    for name in BRANCHES:
        holder = next((one for one in order if name in read[one].branches), None)
        if holder is not None and (holder is first or name != "voicemail"):
            branches[name] = holder
    lines = _main_lines(of, first, read[first], stage)
    every = [*(line.text for line, _source in lines), *(
        line.text for name, holder in branches.items() for line in read[holder].branches[name]
    )]  # fmt: skip
    values = wording.values_for(of.file, of.positions, language=language, names=rendering.names_of(*every))
    return Shown(
        stage=stage,
        source=first,
        because=tuple(conditions.because(first.conditions, of.situation)),
        lines=tuple(_filled(line, source, of, values) for line, source in lines),
        branches=tuple(
            Branch(name, str(BRANCHES[name][0]), BRANCHES[name][1], tuple(
                _filled(line, holder, of, values) for line in read[holder].branches[name]
            ))
            for name, holder in branches.items()
        ),
    )  # fmt: skip


def _main_lines(of: Asked, first: Source, words: Words, stage: str) -> list[tuple[Line, Source]]:
    """Return the lines that everybody hears. What rules demand at this stage and the script does not say itself is put
    in: when the person is confirmed before everything else, else after the first line. What no rule demands here of the
    script's disclosures is left out.
    """
    owes = of.party in OWING
    own = [(line, first) for line in words.lines if line.kind != DISCLOSE or (owes and line.rule in of.demands)]
    missing = [
        (Line(DISCLOSE, one.words_in(first.language), one.rule), _of_the_program(one, first.language))
        for one in shipped.disclosures().values()
        if owes and one.stage == stage and one.rule not in words.disclosures and _is_demanded(of, one)
    ]
    place = 0 if stage == Stage.TALK else 1
    return [*own[:place], *missing, *own[place:]]


def _is_demanded(of: Asked, one: shipped.Disclosure) -> bool:
    demand = of.demands.get(one.rule)
    return demand is not None and demand.disclosure is one


def _of_the_program(one: shipped.Disclosure, language: str) -> Source:
    return Source(key="disclosures", stage=one.stage, name="", language=language, version=0, conditions={}, body="")


def _filled(line: Line, source: Source, of: Asked, values: Mapping[str, str | None]) -> ReadLine:
    demand = of.demands.get(line.rule)
    known = shipped.disclosures().get(line.rule)
    try:
        text, fault = rendering.render(line.text, values=values, channel="chat").body, ""
    except rendering.RenderingRefused as refused:
        text, fault = "", str(refused)
    return ReadLine(
        kind=line.kind if line.kind in (DISCLOSE, notation.ASK) else SAY,
        text=text,
        words=line.text,
        script=source.key,
        version=source.version,
        language=source.language,
        rule=line.rule,
        pack=demand.pack if demand else "",
        citation=demand.source if demand else "",
        title=shipped.text_in(known.title) if known else line.rule,
        fault=fault,
    )
