"""What a second person sees of a plan that waits for approval, and what his decision does."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from cases import approvals
from cases.approvals import Line, Section
from cases.models import Approval, Plan
from cases.plans import agreeing, listing
from cases.plans.refusals import PlanRefused
from collections_app.shared.actor import USER, Actor


def register() -> None:
    """Tell approvals what a plan is. Called once, when the app is ready."""
    approvals.register(
        agreeing.KIND, title=_("Payment plan"), facts=facts, on_approved=_approved, on_refused=_refused, state=_state
    )


def _state(plan: Plan) -> dict[str, object]:
    """Return what must not change while a plan waits: its figures, and that the debt still holds them."""
    return {
        "total": str(plan.total),
        "covers": str(plan.covers),
        "lines": [[line.number, str(line.due_on), str(line.amount)] for line in plan.instalments.order_by("number")],
        "form": plan.affordability_id,
        "still_owed": plan.case.balance >= plan.covers,
        "open": not plan.case.is_resolved,
    }


def _approved(*, approval: Approval, subject: Plan, actor: Actor, at: datetime) -> None:
    plan, case = agreeing.locked(subject.pk)
    if actor.kind == USER and actor.id == plan.drafted_by_id:
        raise PlanRefused("own")
    agreeing.agree(plan, case, by_id=actor.id if actor.kind == USER else None, actor=actor, at=at)


def _refused(*, approval: Approval, subject: Plan, reason: str, actor: Actor, at: datetime) -> None:
    plan, _case = agreeing.locked(subject.pk)
    if plan.status == Plan.Status.DRAFT:
        agreeing.turn_down(plan, why=reason, actor=actor, at=at)


def facts(subject: Plan, *, at: datetime) -> Sequence[Section]:
    """Return what a signer must see: the figures of the plan, what can be afforded, what was agreed before."""
    return [Section(title, [Line(*line) for line in lines]) for title, lines in listing.for_approval(subject, at=at)]
