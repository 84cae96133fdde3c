"""Who was on the line: what was asked, what was answered rightly, and what follows for the call. It only grows."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Verification(models.Model):
    """One step of finding out who speaks in a call. Questions are named by key (`contacts.verifying.QUESTIONS`), what
    was said is never kept.

    asked: the questions of this step. right: those answered rightly. compared: those of `right` that the server
    compared with what is held; the others were judged by whoever asked. needed: how many the firm asked for then.
    turn: how often before this step a stranger on the line had been a mistake, so that asking went on.
    """

    class Result(models.TextChoices):
        ASKED = "asked", _("asked")
        CONFIRMED = "confirmed", _("confirmed")
        FAILED = "failed", _("not confirmed")
        WRONG_PARTY = "wrong_party", _("another person")
        WRONG_NUMBER = "wrong_number", _("wrong number")
        WITHDRAWN = "withdrawn", _("taken back")  # the stranger of this turn was a wrong key

    attempt = models.ForeignKey(
        "contacts.ContactAttempt", db_index=False, on_delete=models.PROTECT, related_name="verifications"
    )
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    asked = ArrayField(models.CharField(max_length=20), verbose_name=_("asked"), default=list)
    right = ArrayField(models.CharField(max_length=20), verbose_name=_("answered rightly"), default=list)
    compared = ArrayField(models.CharField(max_length=20), verbose_name=_("compared"), default=list)
    needed = models.PositiveSmallIntegerField(_("needed"))
    turn = models.PositiveSmallIntegerField(_("turn"), default=0, db_default=0)
    result = models.CharField(_("result"), max_length=12, choices=Result.choices)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey("staff.User", null=True, db_index=False, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        constraints = [
            models.CheckConstraint(
                name="verification_result_is_known",
                condition=Q(result__in=["asked", "confirmed", "failed", "wrong_party", "wrong_number", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="verification_right_answers_were_asked_for",
                condition=Q(right__contained_by=F("asked"), compared__contained_by=F("right")),
            ),
            models.CheckConstraint(
                name="verification_confirmed_has_what_is_needed",
                condition=~Q(result="confirmed") | Q(needed__gte=1, right__len__gte=F("needed")),
            ),
            models.UniqueConstraint(
                name="verification_ends_once_per_turn",
                fields=["attempt", "turn"],
                condition=~Q(result__in=["asked", "withdrawn"]),
            ),
            models.UniqueConstraint(
                name="verification_is_taken_back_once", fields=["attempt", "turn"], condition=Q(result="withdrawn")
            ),
        ]
        indexes = [models.Index(name="verifications_of_a_call", fields=["attempt", "id"])]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.result}"
