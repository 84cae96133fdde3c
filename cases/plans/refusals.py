"""How plans say no."""

from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.listing import one_after_another


class AnsweredRefusal(Refused):
    """What is too long says, where it is known, which plan would do: its values count, each and last_on."""

    WOULD_DO = _("Allowed: %(count)s × %(each)s or more, the last due on %(last_on)s.")

    def __str__(self) -> str:
        said = super().__str__()
        return one_after_another([said, self.WOULD_DO % self.values]) if "last_on" in self.values else said


class PlanRefused(AnsweredRefusal):
    SENTENCES = {
        "resolved": _("This case is %(status)s; no plan can be made."),
        "nothing-owed": _("Nothing is owed."),
        "currency": _("This case is in %(currency)s."),
        "inexact": _("%(currency)s has no such fraction."),
        "not-positive": _("An instalment must be more than zero."),
        "covers": _("%(covers)s is more than the %(owed)s that is owed."),
        "past": _("%(first_on)s is in the past."),
        "too-far": _("The first instalment can be due on %(latest)s at the latest."),
        "law": _("A plan of %(months)s months is longer than the law allows: %(limit)s are the most (%(rule)s)."),
        "too-long": _("A plan of %(months)s months is longer than the firm allows: %(limit)s are the most."),
        "not-here": _("Personalised instalments exist for credit cards of mainland China only."),
        "no-reason": _("Say why: a hardship plan needs its reason."),
        "settlement": _("A settlement is being paid on this case. End it first."),
        "runs": _("A plan is being performed already. Renegotiate it instead."),
        "waits": _("A plan waits for its signature already. Cancel it first."),
        "once": _("This plan has been renegotiated once already, which is the most."),
        "not-running": _("Only a plan that is being performed can be renegotiated."),
        "not-possible": _("A plan that is %(status)s cannot do this."),
        "stale": _("The case has changed since this plan was drafted. Draft it again."),
        "sign-late": _("It had to be signed by %(until)s. Draft it again."),
        "first-over": _("The first instalment was due on %(due_on)s. Draft it again."),
        "who-signed": _("Say who signed."),
        "signed-future": _("A signature cannot be later than now."),
        "evidence": _("An agreement by word of mouth needs its recording."),
        "why": _("Say why."),
        "form": _("This form is of another case, or too old."),
        "own": _("Nobody approves his own plan."),
    }
