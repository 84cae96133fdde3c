"""A wording sent to oneself, to see it where it will be read: by e-mail or as a text message, with samples.

This is no contact: nobody who owes anything is reached. So that it cannot become one, it takes no recipient, no text
and no case; it goes to the signed-in user's own address or telephone only, says that it is a test, and refuses one that
is known here as anybody's. Both ways are counted together.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.imports import canonical
from cases.imports.canonical import CellRefused
from cases.models import Address
from cases.refusal import Refused
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import audit
from compliance.models import AuditEvent
from contacts import previewing
from contacts.dispatch import trying
from contacts.models import TemplateVersion

MOST_AN_HOUR: Final = 10


class TrialRefused(Refused):
    SENTENCES = {
        "no-address": gettext_lazy("Your account has no e-mail address to send a test to."),
        "somebodys": gettext_lazy("This is known here as that of a person in a case: no test goes there."),
        "too-often": gettext_lazy("At most %(count)s tests an hour."),
        "no-mail-server": gettext_lazy("No mail server took the message; nothing left."),
        "not-sms": gettext_lazy("Only a wording of text messages goes to a telephone."),
        "no-phone": gettext_lazy("Your account has no mobile phone; an administrator enters it."),
        "stopped": gettext_lazy("Text messages are stopped; nothing left."),
        "not-connected": gettext_lazy("No provider of text messages is set up; nothing left."),
        "held": gettext_lazy("The provider of text messages is held; nothing left."),
        "not-taken": gettext_lazy("The provider did not take it (%(said)s); nothing left."),
    }


def send(*, version_id: int, by: Any, at: datetime) -> str:
    """Send a wording with samples to the user's own address, and return that address.

    Raises TrialRefused, RenderingRefused, LetterRefused.
    """
    version = TemplateVersion.objects.select_related("template__creditor").get(pk=version_id)
    try:
        to = canonical.email(by.email or "")
    except CellRefused:
        raise TrialRefused("no-address") from None
    if Address.objects.filter(kind="email", value_hash=sealed.digest("email", to)).exists():
        raise TrialRefused("somebodys")
    text = previewing.rendered(version, at=at)
    title = _("Test of %(wording)s: nobody else gets it") % {"wording": version}
    mail = EmailMessage(f"[{_('Test')}] {text.subject or version.template.name}", f"{title}\n\n{text.body}", to=[to])
    if version.template.channel == "letter":
        mail.attach("letter.pdf", previewing.letter(version, at=at).content, "application/pdf")
    _count(version, by, "email", at=at)
    try:
        mail.send()
    except (OSError, ImproperlyConfigured) as error:
        raise TrialRefused("no-mail-server") from error
    return to


def send_sms(*, version_id: int, by: Any, at: datetime) -> trying.Tried:
    """Send a wording of text messages with samples to the user's own telephone. Raises TrialRefused, RenderingRefused.

    Call outside a transaction.
    """
    version = TemplateVersion.objects.select_related("template__creditor").get(pk=version_id)
    if version.template.channel != "sms":
        raise TrialRefused("not-sms")
    try:
        own = trying.own_number(by.pk)
        text = previewing.rendered(version, at=at)
        _count(version, by, "sms", at=at)
        return trying.sms(text.body, own=own)
    except trying.OwnNumberRefused as refused:
        raise TrialRefused(refused.code, **refused.values) from refused


def _count(version: TemplateVersion, by: Any, way: str, *, at: datetime) -> None:
    """Write the test down before it leaves; at the same time from several windows, one after the other."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        since = at - timedelta(hours=1)
        if AuditEvent.objects.filter(name="template.tested", actor_id=by.pk, at__gt=since).count() >= MOST_AN_HOUR:
            raise TrialRefused("too-often", count=MOST_AN_HOUR)
        audit.record("template.tested", subject=version, actor=Actor.of(by), at=at, version=version.version, by=way)
