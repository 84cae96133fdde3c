"""Taking back what was just saved, for five seconds: the case becomes what it was, and the history keeps both.

An act is undone only as a whole, by whoever did it, while nobody has changed anything of it since. Messages of ours to
that case wait until the time is over; stops, holds and instructions do not wait, and are undone by a withdrawal.

    before = undoing.look(case_id)
    ... the act, under the lock of the case ...
    undoing.keep(case_id=…, kind=…, before=before, actor=…, at=…)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from cases import holds, instructions, lifecycle, notes, worklist
from cases.models import Callback, Case, Consent, ContactPoint, Hold, Instruction, Promise, Undo
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit

WINDOW: Final = timedelta(seconds=5)
KEPT_FOR: Final = timedelta(days=1)
REASON: Final = "undone"
Kind = Undo.Kind


class UndoRefused(Refused):
    SENTENCES = {
        "over": _("The five seconds in which this could be undone are over."),
        "undone": _("This has been undone already."),
        "not-yours": _("Only whoever saved this can undo it."),
        "changed": _("This cannot be undone: the case was changed since."),
        "taken": _("This cannot be undone: %(holder)s is working on this case at the moment."),
    }


@dataclass(frozen=True, slots=True)
class Watched:
    """Rows of a case that an act may change, and how they come back.

    columns: what is put back. adds: whether rows that the act adds are taken back too. moves: (now, before) -> the
    transition that leads back; where there is none the status stays. lenient: a row that moved on by itself is left.
    unmakes: what takes an added row back, of a model that the apps above added: (its number, actor, at) -> nothing.
    """

    model: type[models.Model]
    of_case: Callable[[Case], models.QuerySet[Any]]
    columns: tuple[str, ...]
    adds: bool = False
    moves: Mapping[tuple[str, str], str] | None = None
    lenient: bool = False
    unmakes: Callable[[int, Actor, datetime], None] | None = None

    @property
    def name(self) -> str:
        return self.model._meta.label


# The apps above add theirs when they are ready.
WATCHED: Final[list[Watched]] = [
    Watched(
        Case,
        lambda case: Case.objects.filter(pk=case.pk),
        ("status", "next_action", "next_action_at", "next_action_note", "last_contact_at", "last_right_party_at"),
        moves={("promised", "working"): "work", ("promised", "new"): "work"},
    ),
    Watched(
        Promise,
        lambda case: Promise.objects.filter(case_id=case.pk),
        ("status", "settled_at"),
        adds=True,
        moves={("cancelled", "open"): "restore"},
    ),
    Watched(
        ContactPoint, lambda case: ContactPoint.objects.filter(person_id=case.person_id), ("state", "verified_at")
    ),
    Watched(
        Consent,
        lambda case: Consent.objects.filter(person_id=case.person_id, withdrawn_at__isnull=True),
        ("spent_at", "spent_by_attempt_id"),
    ),
    Watched(
        Callback,
        lambda case: Callback.objects.filter(case_id=case.pk),
        ("owner_id", "ended_at", "ended_as"),
        adds=True,
    ),
    Watched(
        Instruction, lambda case: Instruction.objects.filter(person_id=case.person_id), (), adds=True
    ),
    Watched(Hold, lambda case: Hold.objects.filter(person_id=case.person_id), (), adds=True),
]  # fmt: skip
# What is done beside the case when something was kept: (what was kept) -> nothing. The apps above add theirs.
AFTERWARDS: Final[list[Callable[[Undo], None]]] = []
Look = dict[str, dict[str, Any]]


def look(case_id: int) -> Look:
    """Return the rows of a case as they are: {"cases.Case:12": {"status": "working", …}}."""
    case = Case.objects.get(pk=case_id)
    return {
        f"{watched.name}:{row['pk']}": {name: _plain(row[name]) for name in watched.columns}
        for watched in WATCHED
        for row in watched.of_case(case).values("pk", *watched.columns)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


@transaction.atomic
def keep(
    *, case_id: int, kind: str, before: Look, label: str = "", attempt_id: int | None = None, actor: Actor, at: datetime
) -> Undo | None:
    """Remember what an act has changed, so that it can be undone until five seconds after `at`. People only."""
    if actor.kind != "user" or actor.id is None:
        return None
    Undo.objects.filter(made_by_id=actor.id, until__lt=at - KEPT_FOR).delete()
    kept = Undo(
        case_id=case_id,
        kind=kind,
        label=label[:120],
        attempt_id=attempt_id,
        made_by_id=actor.id,
        made_at=at,
        until=at + WINDOW,
        version=Case.objects.values_list("version", flat=True).get(pk=case_id),
    )
    for afterwards in AFTERWARDS:
        afterwards(kept)
    after = look(case_id)
    for row, now in after.items():
        was = before.get(row)
        if was is None:
            kept.made.append(row)
        elif changed := [name for name in now if now[name] != was[name]]:
            kept.before[row] = {name: was[name] for name in changed}
            kept.after[row] = {name: now[name] for name in changed}
    adding = {watched.name for watched in WATCHED if watched.adds}
    kept.made = [row for row in kept.made if row.partition(":")[0] in adding]
    kept.save()
    return kept


def offered(undo_id: int, *, user: Any, at: datetime) -> Undo | None:
    """Return an act that this user may still undo."""
    return Undo.objects.filter(pk=undo_id, made_by=user, until__gt=at, undone_at__isnull=True).first()


@transaction.atomic
def undo(*, undo_id: int, user: Any, actor: Actor, at: datetime) -> Undo:
    """Put a case back as it was before an act, all or nothing, and give it to whoever undoes it. Raises UndoRefused."""
    known = Undo.objects.values("case_id").get(pk=undo_id)
    case = lifecycle.locked(known["case_id"])
    kept = Undo.objects.select_for_update(of=("self",), no_key=True).get(pk=undo_id)
    if kept.made_by_id != user.pk:
        raise UndoRefused("not-yours")
    if kept.undone_at is not None:
        raise UndoRefused("undone")
    if not kept.made_at <= at < kept.until:
        raise UndoRefused("over")
    if kept.kind not in (Kind.ASKED, Kind.HOLD):
        _check(kept, case)
        if not Case.objects.filter(worklist.free() | models.Q(lease_by=user), pk=case.pk).exists():
            raise UndoRefused("taken", holder=str(case.lease_by))
    for row in reversed(kept.made):
        _take_back(row, actor=actor, at=at)
    for row in kept.before:
        _put_back(row, kept)
    # Taken last: a number that a stranger has is unmarked by its own withdrawal.
    for row in kept.made:
        _withdraw(row, actor=actor, at=at)
    notes.withdraw(case_id=case.pk, written_by=kept.made_by_id, written_at=kept.made_at, actor=actor, at=at)
    Case.objects.filter(pk=case.pk).update(version=models.F("version") + 1)
    if kept.kind in (Kind.OUTCOME, Kind.SKIP) and user.has_perm("cases.work_queue"):
        worklist.take(case_id=case.pk, user=user, actor=actor, at=at)
    kept.undone_at = at
    kept.save(update_fields=["undone_at"])
    audit.record(
        "case.skip_undone" if kept.kind == Kind.SKIP else "case.act_undone",
        subject=case,
        actor=actor,
        at=at,
        person_id=case.person_id,
        what=kept.kind,
        saved_at=kept.made_at,
    )
    return kept


def _check(kept: Undo, case: Case) -> None:
    """Refuse where anything of the act is no longer as the act left it."""
    if case.version != kept.version:
        raise UndoRefused("changed")
    now = look(case.pk)
    for row, columns in kept.after.items():
        watched = _watched(row)
        if not watched.lenient and any(now.get(row, {}).get(name) != value for name, value in columns.items()):
            raise UndoRefused("changed")
    for row in kept.made:
        model, pk = _row(row)
        if model is Promise and not Promise.objects.filter(pk=pk, status="open", paid_amount=0).exists():
            raise UndoRefused("changed")
        if model is Callback and not Callback.objects.filter(pk=pk, ended_at__isnull=True).exists():
            raise UndoRefused("changed")


def _watched(row: str) -> Watched:
    label = row.partition(":")[0]
    return next(watched for watched in WATCHED if watched.name == label)


def _row(row: str) -> tuple[type[models.Model], int]:
    return _watched(row).model, int(row.partition(":")[2])


def _take_back(row: str, *, actor: Actor, at: datetime) -> None:
    """End a promise or a callback that the act had made; it no longer takes the place of another."""
    model, pk = _row(row)
    if unmakes := _watched(row).unmakes:
        unmakes(pk, actor, at)
    if model is Promise:
        promise = Promise.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
        promise.cancel(at=at)
        promise.replaces_id, promise.moved_times = None, 0
        promise.save(update_fields=["status", "settled_at", "replaces", "moved_times"])
        audit.record(
            "promise.cancelled", subject=promise, actor=actor, at=at, person_id=promise.person_id, why=REASON
        )  # fmt: skip
    elif model is Callback:
        Callback.objects.filter(pk=pk).update(ended_at=at, ended_as=Callback.End.DROPPED)


def _put_back(row: str, kept: Undo) -> None:
    """Give a row back the columns that the act had changed; its status by the declared move alone."""
    watched = _watched(row)
    model, pk = _row(row)
    was, became = kept.before[row], kept.after[row]
    found = model._default_manager.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if watched.lenient and any(_plain(getattr(found, name)) != value for name, value in became.items()):
        return
    columns = [name for name in was if name != "status"]
    if "status" in was and (move := (watched.moves or {}).get((became["status"], was["status"]))):
        getattr(found, move)()
        columns.append("status")
    for name in columns:
        if name != "status":
            setattr(found, name, _value(model, name, was[name]))
    found.save(update_fields=[model._meta.get_field(name).name for name in columns])


def _value(model: type[models.Model], name: str, plain: Any) -> Any:
    field = model._meta.get_field(name)
    return plain if plain is None or field.is_relation else field.to_python(plain)  # type: ignore[union-attr]


def _withdraw(row: str, *, actor: Actor, at: datetime) -> None:
    """Undo a stop or a hold by its withdrawal: it was in force, and the history says from when to when."""
    model, pk = _row(row)
    if model is Instruction:
        instructions.withdraw(instruction_id=pk, reason=REASON, actor=actor, at=at)
    elif model is Hold:
        holds.release(hold_id=pk, reason=REASON, actor=actor, at=at)
