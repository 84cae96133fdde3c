"""How fast a provider is given messages, and whether it is given any: one row per provider, shared by all processes.

Pace: each hand-over takes the next free slot of the provider by one UPDATE, committed before anything is locked, and
waits for it. A slot that passes unused is lost, so that a provider never gets two seconds' worth in one.

Holding: a provider that refuses us (not the message) is held. Its rows are not claimed and keep their place. When the
time is over, one message tries; if it is taken, the provider is free, else it is held for twice as long. A person may
hold a provider by hand, then nothing tries until a person lifts it, and may lift what the refusals held.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import audit
from contacts.channels import providers
from contacts.dispatch import sql, sql_message
from contacts.models import ProviderState

PACER: Final = Actor.system("dispatch")
AHEAD_S: Final = 1.0  # seconds of slots that a worker claims rows for
LONGEST: Final = timedelta(minutes=15)
BY_HAND: Final = "held-by-hand"
UNTIL_LIFTED: Final = datetime(9999, 1, 1, tzinfo=UTC)


FREE: Final[dict[str, Any]] = {"held_until": None, "held_since": None, "refused_at": None, "refusals": 0,
                               "reason_code": "", "held_by": None, "note": ""}  # fmt: skip


class HoldRefused(Refused):
    SENTENCES = {
        "unknown": _("“%(provider)s” is no provider that is set up here."),
        "no-reason": _("Say why."),
        "held": _("Somebody holds this provider already."),
        "not-held": _("This provider is not held."),
    }


@dataclass(frozen=True, slots=True)
class Room:
    """What may be claimed now: `rows` of them. wait_s: 0, or how long until it is worth asking again."""

    rows: int
    held: bool = False
    tries: bool = False  # the one row that finds out whether a held provider takes us again
    wait_s: float = 0.0


def room(provider: str, *, channel: str, most: int, at: datetime) -> Room:
    """Return how many rows may be claimed for a provider. Where it is held and the time is over, this takes the try."""
    state = ProviderState.objects.filter(provider=provider).first()
    if state is None:
        return Room(most)
    if state.held_until is not None:
        return Room(1, tries=True) if _takes_the_try(state, at=at) else Room(0, held=True)
    rate = providers.rates().get(channel)
    if rate is None or state.next_free_at is None:
        return Room(most)
    ahead = _one(sql.SLOT_AHEAD, {"provider": provider})
    if ahead <= 0:
        return Room(max(1, min(most, int(AHEAD_S * rate))))
    rows = min(most, int((AHEAD_S - ahead) * rate))
    return Room(rows) if rows > 0 else Room(0, wait_s=float(ahead))


def is_held(provider: str) -> bool:
    """Whether nothing is to be handed to a provider."""
    ((held,),) = sql_message.IS_HELD.rows([provider])
    return bool(held)


def again_at(provider: str, *, at: datetime) -> datetime | None:
    """Return when a message for a provider may be tried again, or None where it may be handed over now.

    For channels in which the address decides which provider takes a message; where the time of a hold is over, this
    takes the try.
    """
    state = ProviderState.objects.filter(provider=provider, held_until__isnull=False).first()
    if state is None or state.held_until is None or _takes_the_try(state, at=at):
        return None
    return min(max(state.held_until, at + timedelta(minutes=1)), at + LONGEST)


def take_slot(provider: str, *, channel: str) -> float:
    """Take the next slot of a provider and wait for it; return the seconds waited. Call outside any transaction."""
    rates = providers.rates()
    rate = rates.get(provider, rates.get(channel))
    if rate is None:
        return 0.0
    with transaction.atomic(durable=True):
        wait = max(0.0, _one(sql.TAKE_SLOT, {"provider": provider, "seconds": 1 / rate}))
    time.sleep(wait)
    return wait


def hold(provider: str, *, code: str, began_at: datetime, at: datetime) -> ProviderState:
    """Hold a provider that refused us, for 1, 2, 4, 8 and then 15 minutes. Call inside the hand-over's transaction.

    began_at: when the refused hand-over began. Workers that were refused at the same time are one refusal.
    """
    ProviderState.objects.get_or_create(provider=provider)
    state = ProviderState.objects.select_for_update(no_key=True).get(provider=provider)
    if state.held_by_id is not None:
        return state
    if state.held_until is not None and state.refused_at is not None and began_at <= state.refused_at:
        return state
    state.refusals += 1
    state.held_since = state.held_since or at
    state.refused_at = at
    state.held_until = at + min(LONGEST, timedelta(minutes=2 ** min(state.refusals - 1, 4)))
    state.reason_code = code
    state.save(update_fields=["refusals", "held_since", "refused_at", "held_until", "reason_code"])
    if state.refusals == 1:
        audit.record("provider.held", subject=state, actor=PACER, at=at, provider=provider, reason=code)
    return state


def release(provider: str, *, at: datetime) -> bool:
    """Free a provider that has taken a message; return whether it was held."""
    held = ProviderState.objects.filter(provider=provider, held_until__isnull=False, held_by__isnull=True)
    freed = held.update(**FREE)
    if freed:
        state = ProviderState.objects.get(provider=provider)
        audit.record("provider.released", subject=state, actor=PACER, at=at, provider=provider)
    return bool(freed)


@transaction.atomic
def hold_by_hand(provider: str, *, reason: str, by: User, at: datetime) -> ProviderState:
    """Hold a provider until a person lifts it. Raises HoldRefused unknown, no-reason, held."""
    _check(provider, reason)
    ProviderState.objects.get_or_create(provider=provider)
    state = ProviderState.objects.select_for_update(of=("self",), no_key=True).get(provider=provider)
    if state.held_by_id is not None:
        raise HoldRefused("held")
    state.held_by, state.note, state.reason_code = by, reason.strip()[:300], BY_HAND
    state.held_since, state.refused_at, state.held_until = at, state.refused_at or at, UNTIL_LIFTED
    state.refusals = max(state.refusals, 1)
    state.save(update_fields=["held_by", "note", "reason_code", "held_since", "refused_at", "held_until", "refusals"])
    audit.record("provider.held_by_hand", subject=state, actor=Actor.of(by), at=at, provider=provider, reason=reason)
    return state


@transaction.atomic
def lift(provider: str, *, reason: str, by: User, at: datetime) -> None:
    """Let a provider be given messages again at once, whoever held it; if it refuses, it is held again.

    Raises HoldRefused no-reason, not-held.
    """
    _check(provider, reason, is_known=True)
    state = ProviderState.objects.select_for_update(of=("self",), no_key=True).filter(provider=provider).first()
    if state is None or state.held_until is None:
        raise HoldRefused("not-held")
    ProviderState.objects.filter(pk=state.pk).update(**FREE)
    audit.record("provider.lifted", subject=state, actor=Actor.of(by), at=at, provider=provider, reason=reason,
                 was=state.reason_code)  # fmt: skip


def _check(provider: str, reason: str, *, is_known: bool = False) -> None:
    if not is_known and provider not in providers.in_use():
        raise HoldRefused("unknown", provider=provider)
    if not reason.strip():
        raise HoldRefused("no-reason")


def _takes_the_try(state: ProviderState, *, at: datetime) -> bool:
    """Whether the time is over and no other worker is trying; the next one may try a minute later."""
    if state.held_until is None or state.held_until > at or state.held_by_id is not None:
        return False
    taken = ProviderState.objects.filter(pk=state.pk, held_until=state.held_until)
    return taken.update(held_until=at + timedelta(minutes=1)) == 1


def _one(statement: str, parameters: dict[str, Any]) -> float:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return float(cursor.fetchone()[0])
