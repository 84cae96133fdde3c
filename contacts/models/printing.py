"""The print room: seals and their use, letters on paper, and the batches in which they are printed and posted."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from collections_app.shared import refs


class Seal(FSMModelMixin, models.Model):
    """The picture of a creditor's business seal. It lies sealed in the database and is never served as it is.

    Brought by one person, approved by another, used only by wordings that name the place of the seal.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPROVED = "approved", _("in use")
        REFUSED = "refused", _("refused")
        RETIRED = "retired", _("out of use")

    creditor = models.ForeignKey("cases.Creditor", on_delete=models.PROTECT, related_name="seals")
    name = models.CharField(_("name"), max_length=120)
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.PROPOSED, protected=True)
    picture_sealed = models.BinaryField()
    picture_sha256 = models.CharField(max_length=64)
    proposed_at = models.DateTimeField(_("brought"))
    proposed_by = models.ForeignKey("staff.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(_("out of use since"), null=True, blank=True)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        constraints = [
            models.UniqueConstraint(
                name="creditor_has_one_seal_in_use", fields=["creditor"], condition=Q(status="approved")
            ),
            models.CheckConstraint(
                name="seal_is_approved_by_somebody_else",
                condition=Q(decided_by__isnull=True) | ~Q(status__in=["approved", "retired"])
                | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="seal_in_use_says_who_approved_it",
                condition=~Q(status="approved") | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="seal_status_is_known", condition=Q(status__in=["proposed", "approved", "refused", "retired"])
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @transition(field=status, source=Status.PROPOSED, target=Status.APPROVED)
    def approve(self, *, at: datetime, by: Any) -> None:
        """A second person agrees to this picture; from now on it is the creditor's seal."""
        self.decided_at, self.decided_by = at, by

    @transition(field=status, source=Status.PROPOSED, target=Status.REFUSED)
    def refuse(self, *, at: datetime, by: Any) -> None:
        """It is not used."""
        self.decided_at, self.decided_by = at, by

    @transition(field=status, source=Status.APPROVED, target=Status.RETIRED)
    def retire(self, *, at: datetime) -> None:
        """Another has taken its place, or none."""
        self.retired_at = at


class PrintBatch(FSMModelMixin, models.Model):
    """Letters of one creditor that are printed and posted together: one file in order, and a manifest of it."""

    class Status(models.TextChoices):
        OPEN = "open", _("to be printed")
        PRINTED = "printed", _("printed")
        POSTED = "posted", _("posted")

    creditor = models.ForeignKey("cases.Creditor", on_delete=models.PROTECT, related_name="print_batches")
    status = FSMField(_("status"), max_length=8, choices=Status.choices, default=Status.OPEN, protected=True)
    letters_count = models.PositiveIntegerField(_("letters"))
    pages = models.PositiveIntegerField(_("pages"))
    path = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    manifest = models.TextField()
    manifest_sha256 = models.CharField(max_length=64)
    collected_at = models.DateTimeField(_("collected"))
    collected_by = models.ForeignKey("staff.User", null=True, on_delete=models.PROTECT, related_name="+")
    printed_at = models.DateTimeField(_("printed"), null=True, blank=True)
    printed_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True)
    posted_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("print batch")
        verbose_name_plural = _("print batches")
        constraints = [
            models.CheckConstraint(
                name="print_batch_status_is_known", condition=Q(status__in=["open", "printed", "posted"])
            ),
            models.CheckConstraint(
                name="print_batch_posted_was_printed",
                condition=(~Q(status="posted") | Q(posted_at__isnull=False, printed_at__isnull=False))
                & (~Q(status="printed") | Q(printed_at__isnull=False)),
            ),
            models.CheckConstraint(name="print_batch_has_letters", condition=Q(letters_count__gt=0)),
        ]
        indexes = [models.Index(name="print_batches_of_a_creditor", fields=["creditor", "-collected_at"])]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return refs.encode("B", self.pk)

    @transition(field=status, source=Status.OPEN, target=Status.PRINTED)
    def mark_printed(self, *, at: datetime, by: Any) -> None:
        """The file is on paper."""
        self.printed_at, self.printed_by = at, by

    @transition(field=status, source=Status.PRINTED, target=Status.POSTED)
    def mark_posted(self, *, at: datetime, by: Any) -> None:
        """The letters were given to the post."""
        self.posted_at, self.posted_by = at, by


class PostalLetter(models.Model):
    """One letter on its way over paper. The file is the document; what became of it is written here and on its attempt.

    code: what the bar code says; empty for letters of before there was one. batch, position: where it was printed.
    """

    class Ending(models.TextChoices):
        NONE = "", "—"
        WITHDRAWN = "withdrawn", _("taken out before posting")
        DELIVERED = "delivered", _("delivered")
        RETURNED = "returned", _("returned")

    document = models.OneToOneField("cases.Document", on_delete=models.PROTECT, related_name="postal_letter")
    attempt = models.OneToOneField(
        "contacts.ContactAttempt", null=True, on_delete=models.PROTECT, related_name="postal_letter"
    )
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="postal_letters")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField(unique=True)
    code = models.CharField(_("code"), max_length=40, blank=True)
    pages = models.PositiveSmallIntegerField(_("pages"), null=True)
    seal = models.ForeignKey(Seal, null=True, blank=True, on_delete=models.PROTECT, related_name="letters")
    made_at = models.DateTimeField(_("made"))
    batch = models.ForeignKey(PrintBatch, null=True, on_delete=models.PROTECT, related_name="letters")
    position = models.PositiveIntegerField(null=True)
    posted_at = models.DateTimeField(_("posted"), null=True)
    ending = models.CharField(_("ending"), max_length=10, choices=Ending.choices, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("letter on paper")
        verbose_name_plural = _("letters on paper")
        constraints = [
            models.UniqueConstraint(name="letter_has_its_own_place_in_a_batch", fields=["batch", "position"]),
            models.CheckConstraint(
                name="letter_in_a_batch_has_a_place",
                condition=Q(batch__isnull=True, position__isnull=True) | Q(batch__isnull=False, position__isnull=False),
            ),
            models.CheckConstraint(
                name="letter_posted_was_in_a_batch", condition=Q(posted_at__isnull=True) | Q(batch__isnull=False)
            ),
            models.CheckConstraint(
                name="letter_ending_says_when",
                condition=Q(ending="", ended_at__isnull=True) | (~Q(ending="") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="letter_withdrawn_was_never_posted",
                condition=~Q(ending="withdrawn") | Q(posted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="letter_arrived_or_came_back_was_posted",
                condition=~Q(ending__in=["delivered", "returned"]) | Q(posted_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="letters_to_be_printed", fields=["creditor", "id"], condition=Q(batch__isnull=True, ending="")
            ),
            models.Index(name="letters_by_code", fields=["code"]),
        ]

    def __str__(self) -> str:
        return self.code
