"""The offer of a settlement as a letter: what is owed, what is paid, what is given up, until when it stands, and what
happens when it is not kept. Kept as a document with its hash. Giving it to somebody is a contact of its own, with a
permit of its own.
"""

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from babel.dates import format_date
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from cases.models import Account, Document, Settlement
from cases.settlements import offering
from cases.settlements.offer import OfferRefused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import exponent
from compliance import audit
from contacts.channels import letters
from contacts.channels.letters import Letter, Printed

KIND: Final = "settlement_letter"
LANGUAGES: Final = ("zh-hans", "en")
_COMPONENTS: Final = {
    "zh": {"principal": "本金", "interest": "利息", "penalty": "罚息", "fee": "费用", "cost": "催收及诉讼费用",
           "unsplit": "欠款"},
    "en": {"principal": "Principal", "interest": "Interest", "penalty": "Penalty interest", "fee": "Fees",
           "cost": "Costs", "unsplit": "Amount owed"},
}  # fmt: skip
_TEXTS: Final[dict[str, dict[str, str]]] = {
    "zh": {
        "subject": "结清方案通知书",
        "opening": (
            "{name}：\n\n截至{on}，您在本机构的下列账户合计欠款{owed}：{accounts}。经协商，我们提出如下结清方案。"
        ),
        "owed": "欠款合计：{owed}",
        "pays": "您应支付：{pays}",
        "waives": "我们减免：{waives}（占{percent}%）",
        "remains": "方案履行完毕后尚欠：{remains}",
        "heading": "序号|组成|欠款|减免|应付",
        "schedule": "付款安排：",
        "part": "第{n}期：不晚于{day}支付{amount}",
        "expires": (
            "本方案有效期至{expires}。您在有效期内以书面、电话或其他方式表示同意，或支付第一期款项，即视为接受。"
        ),
        "fulfilment": "减免自您付清全部约定款项时生效。未按期付清的，减免不生效，您已支付的款项照常抵充欠款。",
        "acceptance": (
            "减免自您接受时生效。未按期付清的，减免撤销，您仍按原欠款金额承担责任，已支付的款项照常抵充欠款。"
        ),
        "grace": "每期付款另有{grace}日宽限。",
        "full": ("按约付清后，上述账户的债务全部结清，方案期间新产生的利息、罚息和费用一并免除，我们将出具结清证明。"),
        "rest": "在您按约付款期间，我们停止催收，仅发送服务性提醒。",
        "rights": "您可以不接受本方案；不接受不影响您依法享有的权利。对欠款金额有异议的，请与我们联系：{phone}。",
    },
    "en": {
        "subject": "Offer to settle what you owe",
        "opening": (
            "Dear {name},\n\nAs of {on} you owe {owed} on these accounts: {accounts}. We offer to settle it as follows."
        ),
        "owed": "Owed in all: {owed}",
        "pays": "You pay: {pays}",
        "waives": "We give up: {waives} ({percent}%)",
        "remains": "You still owe once this is kept: {remains}",
        "heading": "No.|Of|Owed|Given up|To pay",
        "schedule": "You pay in these parts:",
        "part": "Part {n}: {amount} by {day}",
        "expires": (
            "This offer stands until {expires}. You accept it by telling us so in any way, or by paying the first part."
        ),
        "fulfilment": (
            "What we give up counts once everything agreed is paid. If it is not paid in time, nothing is "
            "given up, and what you paid lowers what you owe."
        ),
        "acceptance": (
            "What we give up counts as soon as you accept. If it is not paid in time, it is taken back: you "
            "owe what you owed before, less what you paid."
        ),
        "grace": "Every part may be up to {grace} days late.",
        "full": (
            "Once it is paid, nothing more is owed on these accounts: interest and fees that come on top "
            "meanwhile are given up too, and we confirm it in writing."
        ),
        "rest": "While you pay as agreed we do not collect; we send reminders of the dates only.",
        "rights": (
            "You are free to turn this offer down; that takes none of your rights. If you think that the "
            "amount is wrong, tell us: {phone}."
        ),
    },
}


@transaction.atomic
def make(*, settlement_id: int, language: str, actor: Actor, at: datetime) -> tuple[Document, bytes]:
    """Make the letter of a settlement that is offered or agreed, keep it, and return it. Raises OfferRefused,
    LetterRefused.
    """
    settlement = offering.locked(settlement_id)
    if settlement.status not in (Settlement.Status.OFFERED, Settlement.Status.ACCEPTED):
        raise OfferRefused("not-possible", status=settlement.get_status_display())
    printed = compose(settlement, language=language, at=at)
    digest = hashlib.sha256(printed.content).hexdigest()
    document = Document.objects.create(
        case=settlement.case,
        person_id=settlement.person_id,
        kind=KIND,
        title=settlement.ref,
        content_type="application/pdf",
        size=len(printed.content),
        sha256=digest,
        path=default_storage.save(f"settlements/{at:%Y/%m}/{settlement.ref}.pdf", ContentFile(printed.content)),
        added_at=at,
        added_by_id=actor.id if actor.kind == USER else None,
    )
    audit.record(
        "settlement.letter_made",
        subject=settlement,
        actor=actor,
        at=at,
        person_id=settlement.person_id,
        document=document.pk,
        sha256=digest,
    )
    return document, printed.content


def compose(settlement: Settlement, *, language: str, at: datetime) -> Printed:
    """Return the letter as a page. Raises LetterRefused."""
    tongue = "zh" if language.startswith("zh") else "en"
    text, names = _TEXTS[tongue], _COMPONENTS[tongue]
    creditor, unit = settlement.creditor, settlement.currency
    values = _values(settlement, tongue, at=at)
    facts = ["owed", "pays", "waives", *(["remains"] if settlement.remains else [])]
    table = [tuple(text["heading"].split("|"))]
    for number, (component, owed, waives) in enumerate(offering.sums_of(settlement).by_component(), 1):
        row = (owed, waives, owed - waives)
        table.append((str(number), names[component], *(_figure(amount, unit) for amount in row)))
    parts = [
        text["part"].format(n=part.number, day=_day(part.due_on, tongue), amount=_money(part.amount, unit))
        for part in settlement.parts.order_by("number")
    ]
    terms = [
        "expires",
        str(settlement.takes_effect),
        "grace",
        *(["full"] if settlement.is_full else []),
        "rest",
        "rights",
    ]
    after = [text["schedule"], *parts, ""]
    after += [f"{number}. {text[name]}" for number, name in enumerate(terms, 1)]
    letter = Letter(
        sender=creditor.name,
        sender_lines=(creditor.phone,) if creditor.phone else (),
        to=(str(settlement.case.person),),
        on=clock.business_day(at, creditor.time_zone),
        reference=settlement.case.ref,
        code=settlement.ref,
        subject=text["subject"],
        body="\n".join([text["opening"], "", *(text[name] for name in facts)]).format_map(values),
        table=tuple(table),
        after="\n".join(after).format_map(values),
        language=language,
        key=settlement.ref,
    )
    return letters.compose(letter)


def _values(settlement: Settlement, tongue: str, *, at: datetime) -> dict[str, Any]:
    creditor, unit = settlement.creditor, settlement.currency
    ids = settlement.lines.values("account_id")
    accounts = Account.objects.filter(pk__in=ids).select_related("product").order_by("pk")
    comma = "、" if tongue == "zh" else ", "
    return {
        "name": str(settlement.case.person),
        "on": _day(settlement.offered_on or clock.business_day(at, creditor.time_zone), tongue),
        "accounts": comma.join(f"{each.product.name} …{each.number_last4}" for each in accounts),
        "owed": _money(settlement.owed, unit),
        "pays": _money(settlement.pays, unit),
        "waives": _money(settlement.waives, unit),
        "remains": _money(settlement.remains, unit),
        "percent": f"{settlement.percent.normalize():f}",
        "expires": _day(settlement.expires_on, tongue),
        "grace": settlement.grace_days,
        "phone": creditor.phone or creditor.name,
    }


def _money(amount: Decimal, currency: str) -> str:
    return f"{currency} {_figure(amount, currency)}"


def _figure(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{exponent(currency)}f}"


def _day(day: Any, tongue: str) -> str:
    return str(format_date(day, "long", locale="zh_Hans" if tongue == "zh" else "en"))
