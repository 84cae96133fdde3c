"""People who work here: users, teams, and the shift of the clock in development."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from collections_app.staff.roles import Role


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


class ClockOffset(models.Model):
    """One row: seconds added to the wall clock of every process in development and tests (`CLOCK_SHIFT=1`)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seconds = models.BigIntegerField(default=0)

    class Meta:
        db_table = "clock_offset"
        constraints = [models.CheckConstraint(name="clock_offset_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.seconds} s"
