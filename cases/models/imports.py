"""Files that came in: which one, read how, what was taken and what was refused."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition


class ImportMapping(models.Model):
    """How a creditor's file is read: column headings to fields. A change is a new version."""

    creditor = models.ForeignKey(
        "cases.Creditor", null=True, blank=True, on_delete=models.PROTECT, related_name="mappings"
    )
    kind = models.CharField(_("kind"), max_length=10, default="tape")
    name = models.SlugField(_("name"), max_length=60)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    spec = models.JSONField(_("columns"), default=dict)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("import mapping")
        verbose_name_plural = _("import mappings")
        constraints = [
            models.UniqueConstraint(
                name="import_mapping_version_is_unique",
                fields=["creditor", "kind", "name", "version"],
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class ImportBatch(FSMModelMixin, models.Model):
    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        STAGED = "staged", _("read")
        CHECKED = "checked", _("checked")
        LOADED = "loaded", _("loaded")
        REFUSED = "refused", _("refused")
        ROLLED_BACK = "rolled_back", _("rolled back")

    creditor = models.ForeignKey("cases.Creditor", on_delete=models.PROTECT, related_name="batches")
    mapping = models.ForeignKey(ImportMapping, null=True, blank=True, on_delete=models.PROTECT, related_name="batches")
    mapping_spec = models.JSONField(default=dict, blank=True)
    kind = models.CharField(_("kind"), max_length=10, default="tape")
    status = FSMField(_("status"), max_length=12, choices=Status.choices, default=Status.UPLOADED, protected=True)
    as_of = models.DateField(_("as of"), null=True, blank=True)
    file_name = models.CharField(_("file"), max_length=200)
    file_path = models.CharField(max_length=300, blank=True)
    file_size = models.PositiveBigIntegerField(_("size, bytes"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    delimiter = models.CharField(_("separator"), max_length=4, blank=True)
    rows_read = models.PositiveIntegerField(_("rows read"), default=0)
    rows_accepted = models.PositiveIntegerField(_("accepted"), default=0)
    rows_refused = models.PositiveIntegerField(_("refused"), default=0)
    rows_created = models.PositiveIntegerField(_("new"), default=0)
    rows_updated = models.PositiveIntegerField(_("changed"), default=0)
    rows_unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    totals = models.JSONField(_("control totals"), default=dict, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_values = models.JSONField(default=dict, blank=True)
    bytes_read = models.PositiveBigIntegerField(default=0)
    uploaded_at = models.DateTimeField(_("uploaded"))
    uploaded_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                name="import_batch_status_is_known",
                condition=Q(status__in=["uploaded", "staged", "checked", "loaded", "refused", "rolled_back"]),
            ),
            models.CheckConstraint(name="import_refused_says_why", condition=~Q(status="refused") | ~Q(error_code="")),
        ]
        indexes = [models.Index(name="import_batches_newest", fields=["creditor", "-uploaded_at"])]

    def __str__(self) -> str:
        return self.file_name

    @transition(field=status, source=Status.UPLOADED, target=Status.STAGED)
    def stage(self) -> None:
        """Every row of the file was read."""

    @transition(field=status, source=Status.STAGED, target=Status.CHECKED)
    def check_rows(self) -> None:
        """Every row was checked; the bad ones are kept with their reason."""

    @transition(field=status, source=Status.CHECKED, target=Status.LOADED)
    def load(self, *, at: datetime) -> None:
        """The good rows are in the book."""
        self.finished_at = at

    @transition(field=status, source=[Status.UPLOADED, Status.STAGED, Status.CHECKED], target=Status.REFUSED)
    def refuse(self, *, at: datetime, code: str, values: dict) -> None:
        """The file cannot be taken; nothing of it is in the book."""
        self.finished_at = at
        self.error_code = code
        self.error_values = values

    @transition(field=status, source=Status.LOADED, target=Status.ROLLED_BACK)
    def roll_back(self, *, at: datetime) -> None:
        """What it brought was taken out again by counter-entries."""
        self.finished_at = at


class AccountLine(models.Model):
    """The line of a tape by which an account was last loaded, as a keyed digest: the same line need not be read again.

    The database forgets it as soon as anything that the line set is changed by somebody else, and wholly after a crash
    (the table is not logged); a line that is not known is read in full.
    """

    account = models.OneToOneField(
        "cases.Account", primary_key=True, db_constraint=False, on_delete=models.CASCADE, related_name="line"
    )
    digest = models.UUIDField()
    people = models.UUIDField(null=True)  # a digest of what the line says of people; null where it says nothing
    since = models.DateField()  # the day for which the line was stated
    ages = models.BooleanField()  # it states days or months past due, which say something else on another day
    is_in_doubt = models.BooleanField()  # entries were made since: whether the balance is still its own is to be seen
    balance = models.DecimalField(max_digits=18, decimal_places=2)
    # What it states beside the balance, of `imports.formats.AMOUNTS` in their order; null where nothing.
    amounts = ArrayField(models.DecimalField(max_digits=18, decimal_places=2, null=True), null=True)

    class Meta:
        verbose_name = _("line of a tape")
        verbose_name_plural = _("lines of tapes")

    def __str__(self) -> str:
        return f"{self.account_id}"


class ImportRow(models.Model):
    """A refused row: where, why, and the sealed row itself until it is purged (90 days)."""

    batch = models.ForeignKey(ImportBatch, db_index=False, on_delete=models.PROTECT, related_name="refusals")
    line = models.PositiveIntegerField(_("line"))
    column = models.CharField(_("column"), max_length=80, blank=True)
    code = models.CharField(_("code"), max_length=40)
    values = models.JSONField(default=dict, blank=True)
    raw_sealed = models.BinaryField(null=True)
    purge_on = models.DateField()

    class Meta:
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")
        indexes = [
            models.Index(name="import_rows_of_a_batch", fields=["batch", "line"]),
            models.Index(name="import_rows_to_purge", fields=["purge_on"]),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"
