"""Seals: SealFactory(creditor=bank) is in use; `proposed` waits for a second person."""

import base64
import hashlib
from io import BytesIO
from typing import Any

import factory
from factory.django import DjangoModelFactory
from PIL import Image, ImageDraw

from collections_app.shared import sealed
from contacts.models import Seal
from tests.factories import NOW
from tests.factories.cases import CreditorFactory
from tests.factories.making import Trait
from tests.factories.staff import UserFactory


def picture(side: int = 300, *, kind: str = "PNG", colour: str = "#c8102e") -> bytes:
    """Return a round red seal without words."""
    drawn = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ImageDraw.Draw(drawn).ellipse((8, 8, side - 9, side - 9), outline=colour, width=max(side // 30, 1))
    into = BytesIO()
    (drawn if kind == "PNG" else drawn.convert("RGB")).save(into, format=kind)
    return into.getvalue()


class SealFactory(DjangoModelFactory):
    class Meta:
        model = Seal

    class Params:
        proposed = Trait(in_use=False)

    in_use = True
    creditor = factory.SubFactory(CreditorFactory)
    name = "业务公章"
    proposed_at = NOW
    proposed_by = factory.SubFactory(UserFactory, admin=True)

    @classmethod
    def _create(cls, model_class: type[Seal], *args: Any, **kwargs: Any) -> Seal:
        in_use, drawn = kwargs.pop("in_use"), picture()
        kwargs["picture_sealed"] = sealed.seal(base64.b64encode(drawn).decode())
        kwargs["picture_sha256"] = hashlib.sha256(drawn).hexdigest()
        seal = model_class.objects.create(**kwargs)
        if in_use:
            seal.approve(at=NOW, by=UserFactory(admin=True))
            seal.save()
        return seal
