"""What was just saved and may be taken back for a few seconds; and calls that were agreed for a certain time."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Undo(models.Model):
    """One act on one case that its author may still take back.

    before, after: the columns that the act changed, row by row ({"cases.Case:12": {"next_action": "call", …}}); undoing
    needs every one of them to be as `after` says. made: the rows that the act added. version: of the case after it.
    A row older than a day says nothing any more and is removed; what happened is in the audit trail.
    """

    class Kind(models.TextChoices):
        OUTCOME = "outcome", _("outcome of a call")
        PROMISE = "promise", _("promise")
        NEXT_ACTION = "next_action", _("next action")
        SKIP = "skip", _("case put aside")
        ASKED = "asked", _("what the person asks")
        HOLD = "hold", _("hold")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="undos")
    kind = models.CharField(_("what"), max_length=12, choices=Kind.choices)
    label = models.CharField(_("in words"), max_length=120, blank=True)
    attempt_id = models.BigIntegerField(null=True, blank=True)
    made_by = models.ForeignKey("staff.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("saved"))
    until = models.DateTimeField(_("may be undone until"))
    version = models.PositiveIntegerField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    made = models.JSONField(default=list)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("act that may be undone")
        verbose_name_plural = _("acts that may be undone")
        constraints = [
            models.CheckConstraint(
                name="undo_is_in_time",
                condition=Q(until__gt=F("made_at"))
                & (Q(undone_at__isnull=True) | Q(undone_at__gte=F("made_at"), undone_at__lt=F("until"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.made_at:%Y-%m-%d %H:%M:%S}"


class Callback(models.Model):
    """A call that the person was promised between two instants, by whom, and what happens if nobody makes it.

    owner: None means whoever of the team is free. fallback_to: who calls at `fallback_at` where the time went by.
    """

    class Fallback(models.TextChoices):
        TEAM = "team", _("anybody of the team")
        OWNER = "owner", _("whoever agreed it")
        SUPERVISOR = "supervisor", _("a supervisor")

    class End(models.TextChoices):
        DONE = "done", _("called")
        MISSED = "missed", _("missed")
        DROPPED = "dropped", _("no longer wanted")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="callbacks")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    owner = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="callbacks")
    fallback_to = models.CharField(_("if it is missed"), max_length=10, choices=Fallback.choices, default=Fallback.TEAM)
    fallback_at = models.DateTimeField(_("then at"))
    agreed_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField(_("agreed"))
    attempt_id = models.BigIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_as = models.CharField(_("ended as"), max_length=8, choices=End.choices, blank=True)

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        constraints = [
            models.CheckConstraint(name="callback_has_a_window", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(name="callback_falls_back_afterwards", condition=Q(fallback_at__gte=F("ends_at"))),
            models.CheckConstraint(
                name="callback_ended_says_how",
                condition=Q(ended_at__isnull=True, ended_as="") | (Q(ended_at__isnull=False) & ~Q(ended_as="")),
            ),
            models.UniqueConstraint(
                name="callback_is_open_once_per_case", fields=["case"], condition=Q(ended_at__isnull=True)
            ),
        ]
        indexes = [models.Index(name="callbacks_open", fields=["starts_at"], condition=Q(ended_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"
