"""What the demo's letters bear: letterheads, and a seal that says that it is none."""

from datetime import datetime
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from cases.models import Creditor
from collections_app.staff.models import User
from contacts import seals
from contacts.models import Letterhead

PROPOSER: Final = "admin"
APPROVER: Final = "chen.lu"
SEALED: Final = ("lantern-bank",)  # letters for mainland China bear the lender's seal
LETTERHEAD: Final = {
    "address": "1 Example Street, Exampleton",
    "complaint_line": "+1 212 555 0198",
    "payment_methods": "By bank transfer with the reference of this letter",
    "payment_url": "https://pay.example.com/{reference}",
    "legal_basis": "The card agreement between you and us",
}
SIDE: Final = 600  # pixels
RED: Final = (192, 24, 24, 255)


def make(*, at: datetime) -> None:
    """Make what is missing of letterheads and seals."""
    people = {user.username: user for user in User.objects.filter(username__in=[PROPOSER, APPROVER])}
    for creditor in Creditor.objects.order_by("pk"):
        agency = {"agency_name": "Harbour Collections (demo)"} if creditor.acting_as == "agency" else {}
        Letterhead.objects.get_or_create(creditor=creditor, defaults=LETTERHEAD | agency)
        if creditor.code in SEALED and seals.in_use(creditor.pk) is None:
            seal = seals.propose(
                creditor_id=creditor.pk, name="Demonstration seal", picture=picture(), by=people[PROPOSER], at=at
            )
            seals.approve(seal_id=seal.pk, by=people[APPROVER], at=at)


def picture() -> bytes:
    """Return a round red mark with the word DEMO, as PNG."""
    image = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 0))
    pen = ImageDraw.Draw(image)
    pen.ellipse((20, 20, SIDE - 20, SIDE - 20), outline=RED, width=18)
    pen.text((SIDE / 2, SIDE / 2), "DEMO", fill=RED, font=ImageFont.load_default(150), anchor="mm")
    into = BytesIO()
    image.save(into, "PNG")
    return into.getvalue()
