"""One version of a strategy from its rehearsal to its end: the next thing to do, publishing, watching."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases.date_boxes import DayField
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts.models import Move, Rehearsal, Rollout, StrategyAlarm, StrategyVersion
from contacts.strategy import (
    comparing,
    guardrails,
    in_force,
    moving,
    naming,
    publishing,
    rollout,
    standing,
    watching,
)
from contacts.views.strategies import TONES

Status = StrategyVersion.Status
SHOWN_DAYS: Final = 14
TURNS: Final = {
    "published": gettext_lazy("published"),
    "widened": gettext_lazy("widened"),
    "stopped": gettext_lazy("stopped"),
    "resumed": gettext_lazy("resumed"),
    "rolled_back": gettext_lazy("rolled back"),
    "reinstated": gettext_lazy("in force again"),
}
ALARMS: Final = {watching.PREDICTION: gettext_lazy("Not as it was predicted")}


class PublishForm(forms.Form):
    """For how many of a hundred persons a version is published, from which day on, and within which limits."""

    share = forms.TypedChoiceField(
        label=gettext_lazy("For how many of a hundred persons"),
        coerce=int,
        choices=[(share, str(share)) for share in publishing.SHARES],
        initial=publishing.SHARES[0],
        widget=forms.RadioSelect,
    )
    starts_on = DayField(
        label=gettext_lazy("Begins on"),
        required=False,
        help_text=gettext_lazy("Empty: with the next close of day. Until then the version in force goes on."),
    )

    def __init__(self, *args: Any, limits: Mapping[str, Decimal], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, limit in limits.items():
            self.fields[f"limit-{code}"] = forms.DecimalField(
                label=str(guardrails.LABELS[code]),
                required=False,
                initial=limit,
                min_value=0,
                max_value=1000,
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )

    def limits(self) -> list[forms.BoundField]:
        """Return the boxes of the limits."""
        return [self[name] for name in self.fields if name.startswith("limit-")]

    def limits_said(self) -> dict[str, str]:
        """Return the limits that are not the usual ones."""
        said = {code: self.cleaned_data.get(f"limit-{code}") for code in guardrails.LIMITS}
        return {code: str(value) for code, value in said.items() if value not in (None, guardrails.LIMITS[code])}

    @property
    def has_wrong_limit(self) -> bool:
        """Whether a limit was refused, so that the limits stand open."""
        return any(bound.errors for bound in self.limits())


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show where a version stands, with the one next thing to do."""
    version = _version(pk)
    return _page(request, version, PublishForm(limits=guardrails.limits_of(version)))


def _page(request: HttpRequest, version: StrategyVersion, form: PublishForm, status: int = 200) -> HttpResponse:
    at, user = clock.now(), request.user
    newest = publishing.newest_rehearsal(version)
    running = version.rehearsals.filter(status__in=["waiting", "running"]).order_by("-pk").first()
    is_used = version.published_at is not None and version.status in (Status.PUBLISHED, Status.STOPPED)
    readings = guardrails.read(version, at=at) if is_used else []
    before, in_flight = moving.in_flight(version)
    if version.status == Status.RETIRED:
        in_flight = []  # they go on elsewhere
    rehearsal = version.rehearsal or newest
    next_thing = standing.next_thing(
        version, newest=newest, running=running, at=at, breached=any(reading.is_breached for reading in readings)
    )
    names = naming.steps_by_key(version)
    is_writer = user.pk in publishing.writers_of(version)
    context = {
        "version": version,
        "tone": TONES[version.status],
        "next": next_thing,
        "is_writer": is_writer,
        "may_write": user.has_perm("contacts.configure"),
        "may_approve": user.has_perm("contacts.approve_strategy") and not is_writer,
        "may_publish": user.has_perm("contacts.publish_strategy"),
        "may_stop": user.has_perm("contacts.stop_sending"),
        "rehearsal": rehearsal,
        "is_short": rehearsal is not None and rehearsal.days < publishing.RECOMMENDED_DAYS,
        "running": running,
        "totals": _totals(rehearsal),
        "before": before,
        "in_flight": _with_words(before, in_flight),
        "actions": Move.Action.choices,
        "has_moves": any(row.cases for row in in_flight),
        "comparison": comparing.compare(before, version),
        "shares": [share for share in publishing.SHARES if share > version.share],
        "readings": readings,
        "days": _days(version, at.date(), names) if is_used else [],
        "alarms": [_alarm(alarm, names) for alarm in version.alarms.select_related("seen_by").order_by("-pk")[:20]],
        "turns": [_turn(turn) for turn in version.rollouts.select_related("by").order_by("-at", "-pk")[:30]],
        "standing": in_force.of_strategy(version.strategy, at.date()),
        "others": version.strategy.versions.exclude(pk=version.pk).order_by("-version")[:20],
        "tomorrow": at.date() + timedelta(days=1),
        "publish_form": form,
    }
    return render(request, "contacts/strategy_version.html", context, status=status)


@require_POST
@allowed("contacts.configure")
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a second person to approve the draft as it was rehearsed. One with errors goes back to its designer."""
    _version(pk)
    try:
        publishing.submit(version_id=pk, actor=Actor.of(request.user), at=clock.now())
    except publishing.NotApprovable as refused:
        messages.error(request, str(refused))
        page = "contacts:strategy-edit" if refused.code == "errors" else "contacts:strategy-version"
        return redirect(page, pk=pk)
    messages.success(request, _("A second person can approve it now. Nobody can edit it meanwhile."))
    return redirect("contacts:strategy-version", pk=pk)


@require_POST
@allowed("contacts.configure")
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what becomes of the cases in flight, segment by segment."""
    chosen = {
        key.removeprefix("move-"): action
        for key, action in request.POST.items()
        if key.startswith("move-") and action in Move.Action.values
    }
    present = dict(_version(pk).moves.values_list("from_key", "action"))

    def set_all(actor: Actor, at: Any) -> None:
        for key, action in chosen.items():
            if action != present.get(key, Move.Action.MOVE):
                publishing.set_move(version_id=pk, from_key=key, action=str(action), actor=actor, at=at)

    return _turned(request, pk, set_all, _("Saved. Rehearse it to see what it does."))


@require_POST
@allowed("contacts.approve_strategy")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve what was rehearsed, or send it back with a reason (`verb`)."""
    user: Any = request.user
    if request.POST.get("verb") == "approve":
        return _turned(
            request,
            pk,
            lambda actor, at: publishing.approve(version_id=pk, by=user, at=at),
            _("Approved, as it was rehearsed."),
        )
    reason = _text(request, "reason")
    return _turned(
        request,
        pk,
        lambda actor, at: publishing.send_back(version_id=pk, reason=reason, actor=actor, at=at),
        _("Sent back. It is a draft again."),
    )


@require_POST
@allowed("contacts.publish_strategy")
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish an approved version for a share of the persons, from a day on, within guardrails."""
    version = _version(pk)
    form = PublishForm(request.POST, limits=guardrails.limits_of(version))
    if not form.is_valid():
        return _page(request, version, form, status=422)
    share, day, limits = form.cleaned_data["share"], form.cleaned_data["starts_on"], form.limits_said()
    return _turned(
        request,
        pk,
        lambda actor, at: publishing.publish(
            version_id=pk, share=share, starts_on=day, limits=limits, actor=actor, at=at
        ),
        _("Published. The next close of day plans by it."),
    )


@require_POST
@allowed("contacts.publish_strategy")
def widen(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a canary take more persons."""
    share = request.POST.get("share", "")
    chosen = int(share) if share.isdecimal() else 0
    return _turned(
        request,
        pk,
        lambda actor, at: rollout.widen(version_id=pk, share=chosen, actor=actor, at=at),
        _("Widened. The next close of day plans by it."),
    )


@require_POST
@allowed("contacts.publish_strategy")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a stopped version back in force."""
    return _turned(
        request, pk, lambda actor, at: rollout.resume(version_id=pk, actor=actor, at=at), _("In force again.")
    )


@require_POST
@allowed("contacts.stop_sending")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a version at once: nothing more is planned or sent under it."""
    reason = _text(request, "reason")
    return _turned(
        request,
        pk,
        lambda actor, at: rollout.stop(version_id=pk, reason=reason, actor=actor, at=at),
        _("Stopped. Nothing more is planned or sent under it."),
    )


@require_POST
@allowed("contacts.stop_sending")
def roll_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a version back: the one before it is in force again."""
    reason = _text(request, "reason")
    return _turned(
        request,
        pk,
        lambda actor, at: rollout.roll_back(version_id=pk, reason=reason, actor=actor, at=at),
        _("Rolled back. The version before it is in force."),
    )


@require_POST
@allowed("contacts.publish_strategy")
def seen(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that somebody has looked at an alarm."""
    alarm, user = get_object_or_404(StrategyAlarm, pk=pk), request.user
    watching.look_at(alarm_id=alarm.pk, by=user, at=clock.now())  # type: ignore[arg-type]
    return redirect("contacts:strategy-version", pk=alarm.version_id)


def _turned(request: HttpRequest, pk: int, verb: Callable[..., Any], told: str) -> HttpResponse:
    _version(pk)
    try:
        verb(Actor.of(request.user), clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, told)
    return redirect("contacts:strategy-version", pk=pk)


def _version(pk: int) -> StrategyVersion:
    known: Any = StrategyVersion.objects.select_related(
        "strategy", "created_by", "approved_by", "rehearsal", "replaces", "based_on"
    ).prefetch_related("creditors")
    return get_object_or_404(known, pk=pk)


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\0", "").strip()[:300]


def _with_words(before: StrategyVersion | None, rows: list[moving.InFlight]) -> list[moving.InFlight]:
    """Return the cases in flight with steps called by what they do; a key says nothing to whoever did not write it."""
    names = naming.steps_by_place(before) if before is not None else {}
    return [
        replace(
            row,
            steps=tuple((names.get((row.key, key), key), number) for key, number in row.steps),
            lost=tuple(names.get((row.key, key), key) for key in row.lost),
        )
        for row in rows
    ]


def _totals(rehearsal: Rehearsal | None) -> list[tuple[str, int]]:
    if rehearsal is None:
        return []
    words = {"sent": _("sent"), "task": _("put before people"), "withheld": _("refused by the rules"),
             "obstacle": _("not possible")}  # fmt: skip
    counts = dict.fromkeys(words, 0)
    for outcome, count in rehearsal.cells.filter(side="draft").values_list("outcome", "count"):
        if outcome in counts:
            counts[outcome] += count
    return [(words[outcome], count) for outcome, count in counts.items()]


def _days(version: StrategyVersion, today: date, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what was predicted and what happened, each step called by what it does."""
    first = watching.first_day(version)
    if first is None:
        return []
    rows = watching.compare(version, first=max(first, today - timedelta(days=SHOWN_DAYS)), last=today)
    return [{"row": row, "step": names.get(row.step_key, row.step_key)} for row in rows]


def _alarm(alarm: StrategyAlarm, names: Mapping[str, str]) -> dict[str, Any]:
    kind, _colon, code = alarm.code.partition(":")
    words = guardrails.LABELS.get(code) if kind == "guardrail" else ALARMS.get(alarm.code)
    rows = [row | {"step": names.get(row["step"], row["step"])} for row in alarm.details.get("rows", ())]
    return {"alarm": alarm, "words": words or alarm.code, "rows": rows}


def _turn(turn: Rollout) -> dict[str, Any]:
    return {"turn": turn, "words": TURNS.get(turn.what, turn.what), "who": turn.by or turn.by_label}
