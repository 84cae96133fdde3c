"""What is said in a call: scripts in versions, approved by a second person; and what was said, which only grows."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contacts.models.attempt import ContactAttempt


class Stage(models.TextChoices):
    OPENING = "opening", _("before the person is confirmed")
    TALK = "talk", _("after the person is confirmed")


class Script(models.Model):
    """One script by its key. One with the key of a script that comes with the program takes its place."""

    key = models.SlugField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    stage = models.CharField(_("when in the call"), max_length=10, choices=Stage.choices, default=Stage.TALK)

    class Meta:
        verbose_name = _("call script")
        verbose_name_plural = _("call scripts")
        constraints = [models.CheckConstraint(name="script_stage_is_known", condition=Q(stage__in=Stage.values))]

    def __str__(self) -> str:
        return self.name


class ScriptVersion(models.Model):
    """The words of a script in one language and the cases that they are for.

    Once decided about it is never changed, which the database keeps; the next words are the next version.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("in force")
        REFUSED = "refused", _("refused")
        RETIRED = "retired", _("retired")

    script = models.ForeignKey(Script, on_delete=models.PROTECT, related_name="versions")
    language = models.CharField(_("language"), max_length=10)
    version = models.PositiveSmallIntegerField(_("version"))
    conditions = models.JSONField(_("for"), default=dict, blank=True)  # see contacts.scripts.conditions
    body = models.TextField(_("words"), max_length=8000)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    written_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    refused_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300, blank=True)  # of a refusal or of taking it out of use
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of a call script")
        verbose_name_plural = _("versions of call scripts")
        constraints = [
            models.UniqueConstraint(
                name="script_version_is_unique_per_language", fields=["script", "language", "version"]
            ),
            models.UniqueConstraint(
                name="script_has_one_version_in_force_per_language",
                fields=["script", "language"],
                condition=Q(status="approved"),
            ),
            models.CheckConstraint(name="script_version_is_positive", condition=Q(version__gte=1)),
            models.CheckConstraint(
                name="script_is_approved_by_somebody_else",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("written_by")),
            ),
            models.CheckConstraint(
                name="script_approved_says_when_and_by_whom",
                condition=~Q(status="approved") | Q(approved_at__isnull=False, approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="script_is_refused_by_somebody_else",
                condition=Q(refused_by__isnull=True) | ~Q(refused_by=F("written_by")),
            ),
            models.CheckConstraint(name="script_refused_says_why", condition=~Q(status="refused") | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.script.key} {self.language} v{self.version}"


class DisclosureTick(models.Model):
    """A required disclosure was ticked as said in a call, or the tick was taken back. Append only: the last one counts.

    version: of the script that had the words, 0 where they come with the program. words: as in the script, with the
    names of variables and no value of the person's.
    """

    attempt = models.ForeignKey(ContactAttempt, on_delete=models.PROTECT, related_name="disclosure_ticks")
    rule = models.CharField(_("rule"), max_length=40)
    pack = models.CharField(_("pack"), max_length=40)
    is_said = models.BooleanField(_("said"), default=True)
    script = models.CharField(_("script"), max_length=60)
    version = models.PositiveSmallIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10)
    words = models.CharField(_("words"), max_length=600)
    ticked_by = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    ticked_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("tick of a disclosure")
        verbose_name_plural = _("ticks of disclosures")

    def __str__(self) -> str:
        return f"{self.rule} {'said' if self.is_said else 'not said'}"


class CallDisclosures(models.Model):
    """What was owed and what was said in a call that reached its person, as its outcome was recorded. Append only:
    an outcome that is undone and said again leaves it as it is.

    required: the ids of the rules. ticked: those ticked. unticked: said, as the collector states, without a tick.
    unsaid: not said. scripts: by stage, which words were shown: {"key", "version", "language", "sha256"}.
    """

    attempt = models.ForeignKey(ContactAttempt, on_delete=models.PROTECT, related_name="disclosures")
    required = ArrayField(models.CharField(max_length=40), verbose_name=_("required"), default=list)
    ticked = ArrayField(models.CharField(max_length=40), verbose_name=_("ticked"), default=list)
    unticked = ArrayField(models.CharField(max_length=40), verbose_name=_("said without a tick"), default=list)
    unsaid = ArrayField(models.CharField(max_length=40), verbose_name=_("not said"), default=list)
    scripts = models.JSONField(default=dict)
    recorded_by = models.ForeignKey("staff.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("disclosures of a call")
        verbose_name_plural = _("disclosures of calls")
        indexes = [models.Index(name="call_disclosures_by_day", fields=["recorded_at"])]

    def __str__(self) -> str:
        return f"{len(self.required)} required"
