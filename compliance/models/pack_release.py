"""The rule packs that decisions were made with, kept for ever, and the instants from which uploaded ones bind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

LEAD: Final = timedelta(minutes=10)  # an approval is at least so long before its release begins to bind
WAITS, ANNOUNCED, BINDS, ENDED, WITHDRAWN = "waits", "announced", "binds", "ended", "withdrawn"


class PackRelease(models.Model):
    """One content of one rule pack, stored when it was proposed or the first time that a decision used it.

    Texts of reasons are rendered from here.
    """

    pack = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    hash = models.CharField(max_length=64)
    content = models.JSONField()
    first_seen_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager[PackRelease]] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["hash"], name="pack_release_content_is_stored_once"),
            models.UniqueConstraint(fields=["id", "pack"], name="pack_release_is_of_one_pack"),
            models.CheckConstraint(
                condition=models.Q(hash__regex=r"^[0-9a-f]{64}$"), name="pack_release_hash_is_sha256"
            ),
        )

    def __str__(self) -> str:
        return f"{self.pack} {self.version}"


class ScheduledReleaseQuerySet(models.QuerySet["ScheduledRelease"]):
    """Sets of scheduled releases."""

    def approved(self) -> ScheduledReleaseQuerySet:
        """Return those that a second person agreed to, withdrawn or not."""
        return self.filter(approved_at__isnull=False)

    def standing(self) -> ScheduledReleaseQuerySet:
        """Return those that were not withdrawn, approved or not."""
        return self.filter(withdrawn_at__isnull=True)

    def waiting(self) -> ScheduledReleaseQuerySet:
        """Return those that nobody has approved or withdrawn."""
        return self.standing().filter(approved_at__isnull=True)


class ScheduledRelease(models.Model):
    """A new version of a pack, uploaded by an officer, that binds from an instant on once another officer approves.

    Only approval and withdrawal are ever written to a row, each once; a trigger keeps the rest as it was.
    `binds_until` is some seconds after the withdrawal, so that every process has read of it when it binds.
    """

    pack = models.CharField(_("pack"), max_length=40)
    release = models.ForeignKey(PackRelease, db_index=False, on_delete=models.PROTECT, related_name="scheduled")
    files = models.JSONField()  # name -> text, as uploaded: examples and README are not part of the content
    in_force_from = models.DateTimeField(_("in force from"))
    reason = models.CharField(_("reason"), max_length=300)
    scheduled_at = models.DateTimeField()
    scheduled_by = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_because = models.CharField(max_length=300, blank=True, default="")
    binds_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[ScheduledRelease]] = ScheduledReleaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("scheduled release")
        verbose_name_plural = _("scheduled releases")
        permissions = (
            ("schedule_release", "Can propose a new version of a rule pack"),
            ("approve_release", "Can approve a new version of a rule pack that another person proposed"),
        )
        constraints = (
            models.CheckConstraint(name="scheduled_release_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="scheduled_release_is_approved_by_somebody_at_an_instant",
                condition=Q(approved_at__isnull=True, approved_by__isnull=True)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="scheduled_release_is_approved_by_another_person",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("scheduled_by")),
            ),
            models.CheckConstraint(
                name="scheduled_release_is_announced_ten_minutes_ahead",
                condition=Q(in_force_from__gte=F("scheduled_at") + LEAD)
                & (Q(approved_at__isnull=True) | Q(in_force_from__gte=F("approved_at") + LEAD)),
            ),
            models.CheckConstraint(
                name="scheduled_release_is_withdrawn_by_somebody_with_a_reason",
                condition=Q(
                    withdrawn_at__isnull=True, withdrawn_by__isnull=True, binds_until__isnull=True, withdrawn_because=""
                )
                | (
                    Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False, binds_until__gt=F("withdrawn_at"))
                    & ~Q(withdrawn_because="")
                ),
            ),
            models.UniqueConstraint(
                name="two_releases_of_a_pack_never_begin_at_once",
                fields=["pack", "in_force_from"],
                condition=Q(approved_at__isnull=False, withdrawn_at__isnull=True),
            ),
        )
        indexes = (
            models.Index(name="releases_that_bind", fields=["pack"], condition=Q(approved_at__isnull=False)),
            models.Index(name="scheduled_of_a_pack", fields=["pack", "-in_force_from"]),
        )

    def __str__(self) -> str:
        return f"{self.pack} {self.in_force_from:%Y-%m-%d %H:%M}"

    def binds_at(self, at: datetime) -> bool:
        """Whether it is approved, has begun, and was not withdrawn in time; a newer one may have taken its place."""
        began = self.approved_at is not None and self.in_force_from <= at
        return began and (self.binds_until is None or at < self.binds_until)

    def state_at(self, at: datetime) -> str:
        """Return waits, announced, binds, ended (withdrawn after it had begun) or withdrawn (before that)."""
        if self.binds_at(at):
            return BINDS
        if self.withdrawn_at is not None:
            began = self.approved_at is not None and self.binds_until is not None
            return ENDED if began and self.in_force_from < (self.binds_until or at) else WITHDRAWN
        return WAITS if self.approved_at is None else ANNOUNCED
