"""Business seals: brought by one person, approved by another, put only on letters whose wording names their place.

The picture lies sealed in the database. No page serves it except to whoever decides about it; every use is recorded
with the document and its hash.
"""

import base64
import hashlib
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError

from cases.models import Document
from cases.refusal import Refused
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from collections_app.shared.once import once
from compliance import audit
from contacts import rendering
from contacts.models import Seal, TemplateVersion

PLACE: Final = "seal"  # the variable of a wording that marks where the seal stands
MOST_BYTES: Final = 512 * 1024
LEAST_SIDE, MOST_SIDE = 100, 2000  # pixels


class SealRefused(Refused):
    SENTENCES = {
        "not-a-picture": _("This is not a PNG picture."),
        "too-big": _("The picture has more than %(limit)s KB."),
        "size": _("The sides of the picture must have from %(least)s to %(most)s pixels; these have %(found)s."),
        "own": _("You brought it yourself: somebody else decides about it."),
        "decided": _("Somebody has decided about this seal already."),
        "not-in-use": _("This seal is not in use."),
        "no-name": _("Give it a name."),
    }


@transaction.atomic
def propose(*, creditor_id: int, name: str, picture: bytes, by: Any, at: datetime) -> Seal:
    """Keep the picture of a seal until a second person decides. Raises SealRefused.

    The picture is drawn anew, so that nothing hidden in the file is kept.
    """
    if not name.strip():
        raise SealRefused("no-name")
    clean = _drawn_anew(picture)
    seal = Seal.objects.create(
        creditor_id=creditor_id,
        name=name.strip()[:120],
        picture_sealed=sealed.seal(base64.b64encode(clean).decode()),
        picture_sha256=hashlib.sha256(clean).hexdigest(),
        proposed_at=at,
        proposed_by=by,
    )
    audit.record("seal.proposed", subject=seal, actor=Actor.of(by), at=at, creditor=creditor_id,
                 sha256=seal.picture_sha256)  # fmt: skip
    return seal


@transaction.atomic
def approve(*, seal_id: int, by: Any, at: datetime) -> Seal:
    """Make it the creditor's seal, in place of the one before. Raises SealRefused."""
    seal = _to_decide(seal_id)
    if seal.proposed_by_id == by.pk:
        raise SealRefused("own")
    rows = Seal.objects.select_for_update(of=("self",), no_key=True)
    for earlier in rows.filter(creditor_id=seal.creditor_id, status=Seal.Status.APPROVED).order_by("pk"):
        _retire(earlier, by=by, at=at)
    seal.approve(at=at, by=by)
    seal.save(update_fields=["status", "decided_at", "decided_by"])
    audit.record("seal.approved", subject=seal, actor=Actor.of(by), at=at, sha256=seal.picture_sha256)
    return seal


@transaction.atomic
def refuse(*, seal_id: int, by: Any, at: datetime) -> Seal:
    """Do not use it. Raises SealRefused."""
    seal = _to_decide(seal_id)
    seal.refuse(at=at, by=by)
    seal.save(update_fields=["status", "decided_at", "decided_by"])
    audit.record("seal.refused", subject=seal, actor=Actor.of(by), at=at)
    return seal


@transaction.atomic
def retire(*, seal_id: int, by: Any, at: datetime) -> Seal:
    """Take it out of use; letters that need one wait until there is another. Raises SealRefused."""
    seal = Seal.objects.select_for_update(of=("self",), no_key=True).get(pk=seal_id)
    if seal.status != Seal.Status.APPROVED:
        raise SealRefused("not-in-use")
    return _retire(seal, by=by, at=at)


def in_use(creditor_id: int) -> Seal | None:
    """Return the creditor's seal, or None."""
    return Seal.objects.filter(creditor_id=creditor_id, status=Seal.Status.APPROVED).first()


def has_one(creditor_id: int) -> bool:
    """Whether the creditor has a seal in use; remembered where answers are."""
    return once(("seal", creditor_id), lambda: in_use(creditor_id) is not None)


def is_named_in(version: TemplateVersion) -> bool:
    """Whether a wording says that the seal is put on it."""
    return any(piece.is_variable and piece.text == PLACE for piece in rendering.tokenise(version.body))


def picture_of(seal: Seal) -> bytes:
    """Return the picture, opened. Only for putting it on a letter, and for whoever decides about it."""
    return base64.b64decode(sealed.unseal(seal.picture_sealed))


def note_use(seal: Seal, document: Document, *, actor: Actor, at: datetime) -> None:
    """Record that the seal stands on this document."""
    audit.record("seal.used", subject=seal, actor=actor, at=at, person_id=document.person_id, document=document.pk,
                 sha256=document.sha256)  # fmt: skip


def _retire(seal: Seal, *, by: Any, at: datetime) -> Seal:
    seal.retire(at=at)
    seal.save(update_fields=["status", "retired_at"])
    audit.record("seal.retired", subject=seal, actor=Actor.of(by), at=at)
    return seal


def _to_decide(seal_id: int) -> Seal:
    seal = Seal.objects.select_for_update(of=("self",), no_key=True).get(pk=seal_id)
    if seal.status != Seal.Status.PROPOSED:
        raise SealRefused("decided")
    return seal


def _drawn_anew(picture: bytes) -> bytes:
    if len(picture) > MOST_BYTES:
        raise SealRefused("too-big", limit=MOST_BYTES // 1024)
    try:
        with Image.open(BytesIO(picture), formats=["PNG"]) as found:
            if not all(LEAST_SIDE <= side <= MOST_SIDE for side in found.size):
                raise SealRefused("size", least=LEAST_SIDE, most=MOST_SIDE, found=f"{found.width} × {found.height}")
            drawn = found.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise SealRefused("not-a-picture") from error
    clean, into = Image.new("RGBA", drawn.size), BytesIO()
    clean.paste(drawn)
    clean.save(into, format="PNG")
    return into.getvalue()
