"""Sign-in and one's own preferences."""

from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from collections_app.shared import clock
from collections_app.staff import events, throttle
from collections_app.staff.models import User


class SignInForm(AuthenticationForm):
    """Says the same for a wrong name, a wrong password and somebody who has left."""

    error_messages = {
        "invalid_login": _("Name or password is wrong."),
        "inactive": _("Name or password is wrong."),
    }

    def clean(self):
        name = self.cleaned_data.get("username") or ""
        address = throttle.address_of(self.request) if self.request else ""
        if throttle.is_closed(name, address):
            raise ValidationError(
                _("Too many attempts. Wait %(minutes)s minutes, then try again.") % {"minutes": throttle.MINUTES},
                code="closed",
            )
        try:
            cleaned = super().clean()
        except ValidationError:
            throttle.count_failure(name, address)
            user = User.objects.filter(username=name).first()
            if user is not None:
                events.sign_in_failed.send(sender=User, user=user, at=clock.now(), address=address)
            raise
        throttle.forget(name, address)
        return cleaned


class PreferencesForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=lambda: zones())

    class Meta:
        model = User
        fields = ["language", "time_zone"]


def zones() -> list[tuple[str, str]]:
    """Return the time zones of the world by their names."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [(name, name.replace("_", " ")) for name in ["UTC", *names]]
