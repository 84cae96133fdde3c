"""The stop switch: nothing in scope leaves from the commit of its row, until somebody lifts it.

Two steps, as every stop: the row is committed at once, so that every hand-over that begins from then on sees it;
then the hand-overs under way are waited for, and the row is confirmed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.shared.asked_often import asked_often
from compliance import audit
from contacts import epochs
from contacts.facts.rows import StopRow
from contacts.models import Channel, ContactAttempt, PlannedContact, StopOrder, Strategy, TelephoneCall, Template

WAITS_AT_MOST = 4  # times the lock timeout of a connection, for one hand-over that is under way


class StopRefused(Refused):
    SENTENCES = {
        "no-reason": _("Say why."),
        "scope": _("“%(scope)s” cannot be stopped; stop everything, a creditor, a strategy, a channel or a template."),
        "target": _("There is no %(scope)s “%(target)s”."),
        "lifted": _("This stop has been lifted already."),
    }


def order_stop(
    *,
    scope: str,
    target: str = "",
    reason: str,
    actor: Actor,
    at: datetime,
    now: Callable[[], datetime] | None = None,
) -> StopOrder:
    """Stop sending in this scope; when this returns, no hand-over in it is under way.

    now: reads the clock again for the confirmation. target: code of the creditor, strategy or template, or the
    channel; nothing for everything. Call outside a transaction: inside one nobody else sees the row before its end.
    Raises StopRefused.
    """
    _check(scope, target, reason)
    with transaction.atomic():
        order = StopOrder.objects.create(
            scope=scope, target=target, reason=reason.strip()[:300], ordered_at=at, ordered_by_id=_user(actor)
        )
        audit.record("stop.requested", subject=order, actor=actor, at=at, scope=scope, target=target, reason=reason)
    if await_hand_overs(order):
        with transaction.atomic():
            order.confirmed_at = max(now() if now else at, at)
            order.save(update_fields=["confirmed_at"])
            audit.record("stop.confirmed", subject=order, actor=actor, at=order.confirmed_at)
    return order


@transaction.atomic
def lift_stop(*, order_id: int, actor: Actor, at: datetime) -> StopOrder:
    """Let sending go on; what had been withheld by this stop is tried again at once. Raises StopRefused."""
    order = StopOrder.objects.select_for_update(of=("self",), no_key=True).get(pk=order_id)
    if order.lifted_at is not None:
        raise StopRefused("lifted")
    order.lifted_at, order.lifted_by_id = at, _user(actor)
    order.save(update_fields=["lifted_at", "lifted_by"])
    PlannedContact.objects.filter(in_scope(order), status="withheld", reason_code="stopped").update(try_again_at=at)
    audit.record("stop.lifted", subject=order, actor=actor, at=at)
    return order


def standing() -> list[StopOrder]:
    """Return the stops in force, oldest first. There are never many."""
    return _standing()


@asked_often
def _standing() -> QuerySet[StopOrder]:
    return StopOrder.objects.filter(lifted_at__isnull=True).order_by("pk")


def is_stopped(planned: PlannedContact, stops: Iterable[StopRow | StopOrder]) -> bool:
    """Whether one of these stops, as they were read with the facts, covers this planned contact."""
    codes = {
        "everything": "",
        "creditor": planned.creditor.code,
        "channel": planned.channel,
        "strategy": planned.step.segment.version.strategy.code,
        "template": planned.template.code if planned.template else None,
    }
    return any(codes[stop.scope] == stop.target for stop in stops)


def stops_call(*, creditor_code: str, channel: str) -> StopOrder | None:
    """Return a stop in force that covers a call or visit for this creditor, or None."""
    codes = {"everything": "", "creditor": creditor_code, "channel": channel}
    return next((order for order in standing() if codes.get(order.scope) == order.target), None)


def stops_channel(channel: str) -> bool:
    """Whether the whole channel is stopped, or the database went back in time, so that nothing need be taken up."""
    return epochs.went_back() or orders_stop(channel)


def orders_stop(channel: str) -> bool:
    """Whether an order stops the whole channel."""
    orders = StopOrder.objects.filter(lifted_at__isnull=True)
    return orders.filter(Q(scope="everything") | Q(scope="channel", target=channel)).exists()


def in_scope(order: StopOrder) -> Q:
    """Return the condition of the planned contacts that a stop covers."""
    return {
        "everything": Q(),
        "creditor": Q(creditor__code=order.target),
        "channel": Q(channel=order.target),
        "strategy": Q(step__segment__version__strategy__code=order.target),
        "template": Q(template__code=order.target),
    }[order.scope]


def figures(order: StopOrder) -> dict[str, int]:
    """Return how many contacts a stop holds back, and how many were with a provider and not yet settled."""
    planned = PlannedContact.objects.filter(in_scope(order))
    at_provider = ContactAttempt.objects.filter(status="cleared", planned__in=planned.filter(status="claimed"))
    return {
        "planned": planned.filter(status__in=["planned", "withheld"]).count(),
        "at_provider": at_provider.count(),
    }


def await_hand_overs(order: StopOrder) -> bool:
    """Wait until every hand-over in scope that had begun is over: each holds the lock of its row while it lasts."""
    claimed = PlannedContact.objects.filter(in_scope(order), status="claimed").values_list("pk", flat=True)
    if not all(_wait_for(PlannedContact, planned_id) for planned_id in claimed):
        return False
    return all(_wait_for(ContactAttempt, attempt_id) for attempt_id in _being_dialled(order))


def _being_dialled(order: StopOrder) -> list[int]:
    """Return the calls in scope whose person the telephone system may be dialling at this moment."""
    calls = TelephoneCall.objects.filter(wanted_at__isnull=False, dialled_at__isnull=True, ended_at__isnull=True)
    scope = {
        "everything": Q(),
        "creditor": Q(attempt__creditor__code=order.target),
        "channel": Q(attempt__channel=order.target),
    }.get(order.scope)
    if scope is None:  # a person's call belongs to no strategy and no template
        return []
    return list(calls.filter(scope, attempt__status="cleared").values_list("attempt_id", flat=True))


def _wait_for(model: type[PlannedContact] | type[ContactAttempt], pk: int) -> bool:
    for _again in range(WAITS_AT_MOST):
        try:
            with transaction.atomic():
                rows = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk=pk)
                rows.values_list("pk", flat=True).first()
            return True
        except OperationalError:  # the lock timeout of the connection
            continue
    return False


def _check(scope: str, target: str, reason: str) -> None:
    if not reason.strip():
        raise StopRefused("no-reason")
    if scope not in StopOrder.Scope.values:
        raise StopRefused("scope", scope=scope)
    known = {
        "everything": lambda: target == "",
        "creditor": Creditor.objects.filter(code=target).exists,
        "strategy": Strategy.objects.filter(code=target).exists,
        "template": Template.objects.filter(code=target).exists,
        "channel": lambda: target in Channel.values,
    }[scope]
    if not known():
        raise StopRefused("target", scope=scope, target=target)


def _user(actor: Actor) -> int | None:
    return actor.id if actor.kind == "user" else None
