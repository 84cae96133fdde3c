"""People who work here: users, teams, and the shift of the clock in development."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from collections_app.staff.roles import Role
from collections_app.staff.work import LANGUAGES, Skill, Tier


class Team(models.Model):
    """A group of collectors with its own queue and supervisor; a case belongs to one team."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """Somebody who signs in: a role decides what he may do, a team which cases he may see."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.COLLECTOR)
    team = models.ForeignKey(Team, verbose_name=_("team"), null=True, blank=True, on_delete=models.PROTECT)
    language = models.CharField(
        _("language"), max_length=10, choices=[("en", "English"), ("zh-hans", "简体中文")], default="en"
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Shanghai")
    phone = models.CharField(
        _("mobile phone"),
        max_length=16,
        blank=True,
        help_text=_("With the country, as +86 139 1234 5678. Tests of messages go there, nothing else."),
    )
    extension = models.CharField(
        pgettext_lazy("telephone", "extension"),
        max_length=20,
        blank=True,
        help_text=_("The inner number of the telephone on the desk."),
    )
    keys = models.JSONField(_("keys of one's own"), default=dict, blank=True)  # see collections_app.staff.keys

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(name="staff_user_role_is_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="staff_user_phone_is_international",
                condition=Q(phone="") | Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"),
            ),
            models.CheckConstraint(
                name="staff_user_extension_is_digits",
                condition=Q(extension="") | Q(extension__regex=r"^[0-9]{1,20}$"),
                violation_error_message=_("An extension is digits only."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.name or self.username


class WorkProfile(models.Model):
    """What one person can take on. Nobody needs one: without it, no skill, the language of the screens, no limit."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="work")
    skills = ArrayField(
        models.CharField(max_length=12, choices=Skill.choices), verbose_name=_("skills"), default=list, blank=True
    )
    languages = ArrayField(
        models.CharField(max_length=10, choices=LANGUAGES), verbose_name=_("speaks"), default=list, blank=True
    )
    tier = models.CharField(_("level"), max_length=12, choices=Tier.choices, default=Tier.JUNIOR)
    takes_cases = models.BooleanField(_("takes cases"), default=True)
    max_cases = models.PositiveIntegerField(_("cases in hand, at most"), null=True, blank=True)
    minutes_a_day = models.PositiveSmallIntegerField(_("minutes of work a day, at most"), null=True, blank=True)

    class Meta:
        verbose_name = _("work profile")
        verbose_name_plural = _("work profiles")
        constraints = [
            models.CheckConstraint(
                name="work_profile_skills_are_known", condition=Q(skills__contained_by=Skill.values)
            ),
            models.CheckConstraint(name="work_profile_tier_is_known", condition=Q(tier__in=Tier.values)),
            models.CheckConstraint(
                name="work_profile_minutes_fit_a_day",
                condition=Q(minutes_a_day__isnull=True) | Q(minutes_a_day__lte=1440),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class Absence(models.Model):
    """Days on which somebody is away, both included: he is given no new case then."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    first_day = models.DateField(_("away from"))
    last_day = models.DateField(_("away until"))

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = [
            models.CheckConstraint(name="absence_ends_after_it_begins", condition=Q(last_day__gte=F("first_day")))
        ]

    def __str__(self) -> str:
        return f"{self.first_day} – {self.last_day}"


class Break(models.Model):
    """Time away from the desk within a day. ended_at: None while it lasts.

    until: when a break that was offered with a length is over; nothing happens then by itself.
    """

    class Kind(models.TextChoices):
        REST = "rest", _("break")
        AFTER_ABUSE = "after_abuse", _("after an abusive call")

    user = models.ForeignKey(User, db_index=False, on_delete=models.PROTECT, related_name="breaks")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.REST)
    started_at = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("break")
        verbose_name_plural = _("breaks")
        constraints = [
            models.CheckConstraint(name="break_kind_is_known", condition=Q(kind__in=["rest", "after_abuse"])),
            models.CheckConstraint(
                name="break_ends_after_it_begins",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
            ),
            models.UniqueConstraint(
                name="break_is_open_once_per_person", fields=["user"], condition=Q(ended_at__isnull=True)
            ),
        ]
        indexes = [models.Index(name="breaks_of_somebody", fields=["user", "-started_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M}"


class TeamProfile(models.Model):
    """Which cases a team takes; an empty list means any."""

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.CASCADE, related_name="work")
    creditors = ArrayField(
        models.CharField(max_length=40), verbose_name=_("creditors, by code"), default=list, blank=True
    )
    buckets = ArrayField(models.CharField(max_length=4), verbose_name=_("buckets"), default=list, blank=True)
    jurisdictions = ArrayField(
        models.CharField(max_length=40), verbose_name=_("jurisdictions"), default=list, blank=True
    )
    skills = ArrayField(
        models.CharField(max_length=12, choices=Skill.choices), verbose_name=_("skills"), default=list, blank=True
    )

    class Meta:
        verbose_name = _("what a team takes")
        verbose_name_plural = _("what teams take")
        constraints = [
            models.CheckConstraint(name="team_profile_skills_are_known", condition=Q(skills__contained_by=Skill.values))
        ]

    def __str__(self) -> str:
        return str(self.team)


class ClockOffset(models.Model):
    """One row: seconds added to the wall clock of every process in development and tests (`CLOCK_SHIFT=1`)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seconds = models.BigIntegerField(default=0)

    class Meta:
        db_table = "clock_offset"
        constraints = [models.CheckConstraint(name="clock_offset_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.seconds} s"
