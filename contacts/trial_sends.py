"""A wording sent to oneself, to see it where it will be read: by e-mail, with samples, to the writer's own address.

This is no contact: nobody who owes anything is reached. So that it cannot become one, it takes no recipient, no text
and no case; it goes to the signed-in user's own address only, says that it is a test, and refuses an address that is
known here as anybody's. It never touches a carrier of messages to borrowers.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.imports import canonical
from cases.imports.canonical import CellRefused
from cases.models import Address
from cases.refusal import Refused
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from compliance import audit
from compliance.models import AuditEvent
from contacts import previewing
from contacts.models import TemplateVersion

MOST_AN_HOUR: Final = 10


class TrialRefused(Refused):
    SENTENCES = {
        "no-address": gettext_lazy("Your account has no e-mail address to send a test to."),
        "somebodys": gettext_lazy("This address is known here as that of a person in a case: no test goes there."),
        "too-often": gettext_lazy("At most %(count)s tests an hour."),
        "no-mail-server": gettext_lazy("No mail server took the message; nothing left."),
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
    since = at - timedelta(hours=1)
    if AuditEvent.objects.filter(name="template.tested", actor_id=by.pk, at__gt=since).count() >= MOST_AN_HOUR:
        raise TrialRefused("too-often", count=MOST_AN_HOUR)
    text = previewing.rendered(version, at=at)
    title = _("Test of %(wording)s: nobody else gets it") % {"wording": version}
    mail = EmailMessage(f"[{_('Test')}] {text.subject or version.template.name}", f"{title}\n\n{text.body}", to=[to])
    if version.template.channel == "letter":
        mail.attach("letter.pdf", previewing.letter(version, at=at).content, "application/pdf")
    audit.record("template.tested", subject=version, actor=Actor.of(by), at=at, version=version.version)
    try:
        mail.send()
    except (OSError, ImproperlyConfigured) as error:
        raise TrialRefused("no-mail-server") from error
    return to
