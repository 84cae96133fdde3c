"""The numbers of a rehearsal as the page shows them: tables whose every number opens its cases, beside the version in
force.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Creditor
from collections_app.shared import clock
from collections_app.staff.models import Team
from collections_app.templatetags.display import count as counted
from collections_app.templatetags.display import digits
from contacts.models import Rehearsal, Step, StrategyVersion
from contacts.rehearsal import costs, reading, results
from contacts.rehearsal.reading import CURRENT, DRAFT, Number, Sums
from contacts.strategy import inputs, naming, sentences
from contacts.views import rehearsal_notes
from contacts.views.planned import ICONS, reason_in_words
from contacts.views.rehearsal_notes import way, written

LABELS: Final[dict[str, dict[str, Any]]] = {
    "outcome": {
        "sent": gettext_lazy("leaves"),
        "task": gettext_lazy("put before a person"),
        "withheld": gettext_lazy("refused by a rule"),
        "obstacle": gettext_lazy("something in the way"),
    },
    "asked": {
        "side": gettext_lazy("Version"),
        "day": gettext_lazy("Day"),
        "creditor": gettext_lazy("Creditor"),
        "segment": gettext_lazy("Segment"),
        "step": gettext_lazy("Step"),
        "kind": gettext_lazy("Kind"),
        "channel": gettext_lazy("Channel"),
        "team": gettext_lazy("Team"),
        "outcome": gettext_lazy("Outcome"),
        "reason": gettext_lazy("Reason"),
    },
    "side": {
        DRAFT: gettext_lazy("this version"),
        CURRENT: gettext_lazy("the version in force"),
        "share-1": gettext_lazy("this version for 1 of 100 persons"),
        "share-10": gettext_lazy("this version for 10 of 100 persons"),
    },
    "assumed": {
        "nobody-pays": gettext_lazy("Nobody pays anything."),
        "no-new-tape": gettext_lazy("No new tape comes; cases only grow older."),
        "tasks-stay-open": gettext_lazy("Tasks for people stay open: nobody says how a call or a visit ended."),
        "every-hand-over-succeeds": gettext_lazy("Every provider takes every message at once."),
        "nobody-writes": gettext_lazy("Nobody answers, asks for silence or complains."),
        "nobody-is-reached": gettext_lazy(
            "Nobody is taken to be reached: steps that wait for that, or for its failing, do not come."
        ),
        "people-answer": gettext_lazy(
            "Where a step waits for an answer, people are taken to be reached as often as in the creditor's last 90 "
            "days, drawn by a stable number; these calls and visits are taken to be made. The first day rests on none."
        ),
    },
    "inputs": {
        "content": gettext_lazy("the strategy"),
        "strategy": gettext_lazy("the strategy"),
        "creditors": gettext_lazy("its creditors"),
        "moves": gettext_lazy("what becomes of cases in flight"),
        "share": gettext_lazy("its share"),
        "starts_on": gettext_lazy("its first day"),
        "packs": gettext_lazy("rule packs"),
        "wordings": gettext_lazy("wordings"),
        "policies": gettext_lazy("firm policies"),
    },
}
BAR: Final = 120  # units of width of the longest bar


def label_of(table: str, code: str) -> str:
    """Return a word of a rehearsal in the reader's language."""
    return str(LABELS[table].get(code, code))


class Page:
    """What the page of a finished rehearsal shows to somebody."""

    def __init__(self, row: Rehearsal, user: Any) -> None:
        self.row, self.user = row, user
        self.base = reverse("contacts:rehearsal-cases", args=[row.pk])

    @cached_property
    def numbers(self) -> list[Number]:
        return [number for number in self.all_numbers if number.side in (DRAFT, CURRENT)]

    @cached_property
    def all_numbers(self) -> list[Number]:
        """Those of the shares too."""
        return reading.numbers(reading.cells(self.row, self.user))

    @cached_property
    def compares(self) -> bool:
        """Whether there is a version in force beside this one."""
        return any(number.side == CURRENT for number in self.numbers)

    @cached_property
    def steps(self) -> dict[tuple[str, str], tuple[str, str]]:
        """The names of segments and the sentences of steps: of this version, else of one that is in force."""
        rows = Step.objects.select_related("template").order_by("position", "pk")
        in_force = StrategyVersion.objects.filter(status="published", creditors__in=self.row.version.creditors.all())
        versions = [*in_force.distinct().order_by("-pk"), self.row.version]
        found: dict[tuple[str, str], tuple[str, str]] = {}
        for version in versions:
            called = naming.called(version.strategy)
            for segment in version.segments.order_by("-position").prefetch_related(Prefetch("steps", queryset=rows)):
                names = {step.key: sentences.name_of(step) for step in segment.steps.all()}
                found[segment.key, ""] = segment.title, ""
                for step in segment.steps.all():
                    found[segment.key, step.key] = segment.title, sentences.of_step(step, names=names, called=called)
        return found

    @cached_property
    def places(self) -> dict[tuple[str, str], int]:
        """The order of the steps on the page: that of this version, then what only the other one has."""
        ordered = self.row.version.segments.order_by("position", "steps__severity", "steps__position", "steps__pk")
        return {pair: place for place, pair in enumerate(ordered.values_list("key", "steps__key"))}

    @cached_property
    def teams(self) -> dict[int | None, str]:
        return {None: _("no team"), **dict(Team.objects.values_list("pk", "name"))}

    def name_of(self, segment: str) -> str:
        """Return the name of a segment."""
        return self.steps.get((segment, ""), (segment, ""))[0] or segment

    def words_of(self, segment: str, step: str) -> str:
        """Return a step in a sentence."""
        return self.steps.get((segment, step), ("", step))[1]

    def why(self, reason: str) -> str:
        """Return a reason in words."""
        return str(reason_in_words(reason)) if reason else ""

    def value_in_words(self, word: str, value: str, asked: dict[str, str]) -> str:
        """Return a value of an address in words."""
        if word in ("outcome", "side"):
            return label_of(word, value)
        if word == "reason":
            return self.why(value)
        if word == "segment":
            return self.name_of(value)
        if word == "step":
            return self.words_of(asked.get("segment", ""), value)
        if word == "team":
            return self.teams.get(int(value) if value.isdecimal() else None, value)
        if word == "channel":
            return way(value)
        if word == "kind":
            return str(dict(Step.Kind.choices).get(value, value))
        return value

    # -- the whole page ------------------------------------------------------------------------------------------------

    def context(self) -> dict[str, Any]:
        """Return what the template needs."""
        return {
            "compares": self.compares,
            "totals": self._totals(),
            "tables": [table for table in self._tables() if table["rows"]],
            "why": [self._reasons(reading.WITHHELD), self._reasons(reading.OBSTACLE)],
            "work": self._work(),
            "assumed": [label_of("assumed", code) for code in self.row.results.get("assumed", ())],
            "answers": rehearsal_notes.answers(self.row, self.user),
            "shares": rehearsal_notes.shares(self.row, self.all_numbers, self.url),
            "stops": rehearsal_notes.stops(self.row, self.numbers, self.user),
            "skipped": self.row.results.get("skipped", 0),
            "late": self.row.results.get("late", []),
            "inputs": self._inputs(),
        }

    def url(self, **asked: Any) -> str:
        """Return the address of the cases behind a number."""
        return f"{self.base}?{urlencode({word: value for word, value in asked.items() if value != ''})}"

    def _sides(self, found: Iterable[Number]) -> dict[str, Sums]:
        return reading.grouped(found, lambda _number: None).get(None, {DRAFT: Sums(), CURRENT: Sums()})

    def _totals(self) -> list[dict[str, Any]]:
        sides = self._sides(self.numbers)
        ours, theirs = sides[DRAFT], sides[CURRENT]
        shown = [
            (_("Messages that leave"), "sent", "send", ""),
            (_("Tasks for people"), "task", "user", ""),
            (_("Refused by a rule"), "withheld", "shield-check", "soon"),
            (_("Something in the way"), "obstacle", "alert-triangle", "soon"),
        ]
        boxes = [
            {
                "label": label,
                "value": counted(ours.by_outcome[outcome]),
                "note": self._note(ours.by_outcome[outcome], theirs.by_outcome[outcome]),
                "url": self.url(side=DRAFT, outcome=outcome) if ours.by_outcome[outcome] else "",
                "icon": icon,
                "tone": tone if ours.by_outcome[outcome] else "",
            }
            for label, outcome, icon, tone in shown
        ]
        hours = round(ours.minutes / 60, 1), round(theirs.minutes / 60, 1)
        boxes += [
            {
                "label": _("Hours of people's work"),
                "value": written(hours[0]),
                "note": self._note(*hours),
                "url": self.url(side=DRAFT, outcome="task") if ours.minutes else "",
                "icon": "clock",
            },
            {
                "label": _("Cost of messages, %(currency)s") % {"currency": costs.currency()},
                "value": digits(ours.cost, costs.currency()),
                "note": self._note(ours.cost, theirs.cost),
                "url": self.url(side=DRAFT, outcome="sent") if ours.cost else "",
                "icon": "wallet",
            },
        ]
        return boxes

    def _note(self, ours: Any, theirs: Any) -> str:
        if not self.compares:
            return ""
        return _("%(difference)s against the version in force") % {"difference": difference(ours, theirs)}

    def _tables(self) -> list[dict[str, Any]]:
        creditors = dict(Creditor.objects.values_list("pk", "name"))
        codes = dict(Creditor.objects.values_list("pk", "code"))
        tables = [
            self._table("day", _("By day"), lambda one: one.day, day_in_words, lambda key: {"day": key.isoformat()}),
            self._table(
                "channel", _("By channel"), lambda one: one.channel, way, lambda key: {"channel": key}, icon=_icon
            ),
            self._table(
                "team", _("By team"), lambda one: one.team_id, lambda key: self.teams.get(key, "?"),
                lambda key: {"team": key if key is not None else "none"},
            ),
            self._table(
                "creditor", _("By creditor"), lambda one: one.creditor_id, lambda key: creditors.get(key, "?"),
                lambda key: {"creditor": codes.get(key, "?")},
            ),
            self._nodes(),
        ]  # fmt: skip
        return [table for table in tables if table["name"] != "creditor" or len(table["rows"]) > 1]

    def _table(
        self,
        name: str,
        title: str,
        by: Callable[[Number], Any],
        label: Callable[[Any], str],
        asks: Callable[[Any], dict[str, Any]],
        *,
        icon: Callable[[Any], str] | None = None,
        order: Callable[[Any], Any] | None = None,
    ) -> dict[str, Any]:
        groups = reading.grouped(self.numbers, by)
        keys = sorted(groups, key=order or (lambda key: (key is None, key)))
        most = max((sides[side].contacts for sides in groups.values() for side in sides), default=0) or 1
        return {
            "name": name,
            "title": title,
            "head": label_of("asked", "step" if name == "node" else name),
            "rows": [
                {
                    "label": label(key),
                    "icon": icon(key) if icon else "",
                    "bar": round(BAR * groups[key][DRAFT].contacts / most),
                    "other_bar": round(BAR * groups[key][CURRENT].contacts / most),
                    "cells": self._cells(groups[key], asks(key)),
                    "key": key,
                }
                for key in keys
            ],
        }

    def _cells(self, sides: dict[str, Sums], asks: dict[str, Any]) -> list[dict[str, Any]]:
        ours, theirs = sides[DRAFT], sides[CURRENT]
        cells = [
            self._cell(ours.by_outcome[outcome], theirs.by_outcome[outcome], {**asks, "outcome": outcome})
            for outcome in reading.OUTCOMES
        ]
        hours = self._cell(round(ours.minutes / 60, 1), round(theirs.minutes / 60, 1), {**asks, "outcome": "task"})
        return [*cells, hours]

    def _cell(self, ours: Any, theirs: Any, asks: dict[str, Any]) -> dict[str, Any]:
        return {
            "value": written(ours),
            "url": self.url(side=DRAFT, **asks) if ours else "",
            "other": written(theirs),
            "other_url": self.url(side=CURRENT, **asks) if theirs else "",
            "difference": difference(ours, theirs) if self.compares and ours != theirs else "",
            "is_more": ours > theirs,
        }

    def _nodes(self) -> dict[str, Any]:
        table = self._table(
            "node",
            _("By step"),
            lambda one: (one.segment_key, one.step_key),
            lambda key: self.words_of(*key),
            lambda key: {"segment": key[0], "step": key[1]},
            order=lambda key: (self.places.get(key, len(self.places)), key),
        )
        known = {(node["segment"], node["step"]): node["cases"] for node in self.row.results.get("nodes", ())}
        shown = reading.cases_of([pk for keys in known.values() for pk in keys], self.user)
        by_key = {case.pk: case for case in shown}
        before = None
        for row in table["rows"]:
            segment, step = row.pop("key")
            row["group"] = self.name_of(segment) if segment != before else ""
            row["cases"] = [by_key[pk] for pk in known.get((segment, step), ()) if pk in by_key]
            before = segment
        come = {(number.segment_key, number.step_key) for number in self.numbers if number.side == DRAFT}
        table["silent"] = [self.words_of(*key) for key in self.places if key[1] and key not in come]
        return table

    def _reasons(self, outcome: str) -> dict[str, Any]:
        found = reading.reasons(self.numbers, outcome)
        return {
            "title": _("Refused, by rule") if outcome == reading.WITHHELD else _("In the way"),
            "empty": _("No rule refuses anything.")
            if outcome == reading.WITHHELD
            else _("Nothing stands in the way of a message."),
            "rows": [
                {
                    "words": self.why(reason),
                    "code": reason if outcome == reading.WITHHELD else "",
                    "cell": self._cell(ours, theirs, {"outcome": outcome, "reason": reason}),
                }
                for reason, ours, theirs in found
            ],
        }

    def _work(self) -> list[dict[str, Any]]:
        """Return each team's hours on an average and on its fullest day, beside what its collectors can do in a day."""
        days = {number.day for number in self.numbers if number.side == DRAFT}
        by_day: dict[int | None, dict[date, int]] = {}
        for number in self.numbers:
            if number.side == DRAFT and number.minutes:
                of_team = by_day.setdefault(number.team_id, {})
                of_team[number.day] = of_team.get(number.day, 0) + number.minutes
        capacity = results.capacity_minutes()
        rows = []
        for team, minutes in sorted(by_day.items(), key=lambda each: (each[0] is None, each[0])):
            fullest = max(minutes, key=lambda day: (minutes[day], day))
            can = capacity.get(team or 0, 0)
            scale = max(can, minutes[fullest], 1)
            rows.append(
                {
                    "team": self.teams.get(team, "?"),
                    "average": written(round(sum(minutes.values()) / max(1, len(days)) / 60, 1)),
                    "most": written(round(minutes[fullest] / 60, 1)),
                    "day": day_in_words(fullest),
                    "url": self.url(
                        side=DRAFT, outcome="task", team="none" if team is None else team, day=fullest.isoformat()
                    ),
                    "capacity": written(round(can / 60, 1)),
                    "is_over": minutes[fullest] > can,
                    "bar": round(BAR * minutes[fullest] / scale),
                    "other_bar": round(BAR * can / scale),
                }
            )
        return rows

    def _inputs(self) -> dict[str, Any]:
        """Return what it rests on, and what of that has changed since."""
        known = self.row.inputs
        waits = self.row.version.published_at is None  # publishing sets its share: that is no change of what was tried
        changed = inputs.changes(known, inputs.inputs_of(self.row.version, at=clock.now())) if known and waits else []
        return {
            "content_hash": self.row.content_hash,
            "inputs_hash": self.row.inputs_hash,
            "full_hash": self.row.full_hash,
            "packs": [
                {"name": pack, "version": version, "hash": digest[:12]}
                for pack, version, digest in known.get("packs", ())
            ],
            "wordings": len(known.get("wordings", ())),
            "policies": len(known.get("policies", ())),
            "changed": list(dict.fromkeys(label_of("inputs", name) for name in changed)),
        }


def difference(ours: Any, theirs: Any) -> str:
    """Return how much more or less, with its sign."""
    left = round(ours - theirs, 2)
    if not left:
        return "±0"
    return f"+{written(left)}" if left > 0 else f"−{written(-left)}"


def day_in_words(day: date) -> str:
    """Return a date with its day of the week."""
    return f"{date_format(day, 'D')} {day:%Y-%m-%d}"


def _icon(channel: str) -> str:
    return ICONS.get(channel, "note")
