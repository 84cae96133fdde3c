"""A collector's day: what a team is asked for, what a supervisor says of the work, and calls that were abusive."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DayTarget(models.Model):
    """What a supervisor asks of each collector of a team for a day; the newest row is in force. It only grows.

    Empty: nothing is asked for. kept_percent: of the promises of the last 30 days. Money is asked for only beside it.
    """

    team = models.ForeignKey("staff.Team", db_index=False, on_delete=models.PROTECT, related_name="+")
    calls = models.PositiveSmallIntegerField(_("calls"), null=True, blank=True)
    talks = models.PositiveSmallIntegerField(_("talks with the right person"), null=True, blank=True)
    promises = models.PositiveSmallIntegerField(_("promises"), null=True, blank=True)
    kept_percent = models.PositiveSmallIntegerField(_("promises kept, percent"), null=True, blank=True)
    money = models.DecimalField(_("paid on promises"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    set_by = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(_("set"))

    class Meta:
        verbose_name = _("target of a day")
        verbose_name_plural = _("targets of a day")
        constraints = [
            models.CheckConstraint(
                name="day_target_of_money_is_never_alone",
                condition=Q(money__isnull=True, currency="")
                | (Q(money__gt=0, kept_percent__isnull=False) & ~Q(currency="")),
            ),
            models.CheckConstraint(
                name="day_target_percent_is_of_a_hundred",
                condition=Q(kept_percent__isnull=True) | Q(kept_percent__gte=1, kept_percent__lte=100),
            ),
        ]
        indexes = [models.Index(name="day_targets_of_a_team", fields=["team", "-id"])]

    def __str__(self) -> str:
        return f"{self.team_id} {self.set_at:%Y-%m-%d}"


class Feedback(models.Model):
    """What a supervisor tells one collector about a contact or a case. Nobody else reads it. It only grows."""

    class Kind(models.TextChoices):
        PRAISE = "praise", _("well done")
        IMPROVE = "improve", _("to improve")

    to = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", db_index=False, on_delete=models.PROTECT, related_name="+")
    attempt = models.ForeignKey(
        "contacts.ContactAttempt", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    text = models.CharField(_("text"), max_length=500)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [
            models.CheckConstraint(name="feedback_kind_is_known", condition=Q(kind__in=["praise", "improve"])),
            models.CheckConstraint(name="feedback_says_something", condition=~Q(text="")),
        ]
        indexes = [models.Index(name="feedback_to_somebody", fields=["to", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"


class FeedbackAnswer(models.Model):
    """That feedback was read, with an answer or without one; once."""

    feedback = models.OneToOneField(Feedback, on_delete=models.PROTECT, related_name="answer")
    text = models.CharField(_("answer"), max_length=500, blank=True)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("answer to feedback")
        verbose_name_plural = _("answers to feedback")

    def __str__(self) -> str:
        return f"{self.feedback_id} {self.at:%Y-%m-%d}"


class AbuseMark(models.Model):
    """That a collector was abused in a contact. A fact about the call: nothing follows for the person by itself."""

    attempt = models.OneToOneField("contacts.ContactAttempt", on_delete=models.PROTECT, related_name="abuse")
    by = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("abusive call")
        verbose_name_plural = _("abusive calls")
        indexes = [models.Index(name="abuse_of_somebody", fields=["by", "-at"])]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.at:%Y-%m-%d}"


class AbuseTalk(models.Model):
    """That a supervisor has talked with the collector about an abusive call."""

    mark = models.OneToOneField(AbuseMark, on_delete=models.PROTECT, related_name="talk")
    by = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("talk about an abusive call")
        verbose_name_plural = _("talks about abusive calls")

    def __str__(self) -> str:
        return f"{self.mark_id} {self.at:%Y-%m-%d}"
