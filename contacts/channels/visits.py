"""A visit order as a page to print: who goes where and until when, and what binds them at the door.

What it says of the law is what the rules ask of a visit: two named staff, identity shown, recorded throughout, no entry
without consent, leaving on request, the permitted hours of the day (CBA guideline 2026, CN-VISIT-2 and CN-VISIT-ENTER).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from contacts.channels import letters
from contacts.channels.letters import Letter, Printed

CHINESE: Final = "zh"
_ZH: Final = """外访编号：{ref}　　案件编号：{case}
许可决定：{decision}，自{begins}起，{until}前须开始；逾时须在门前重新申请许可。
当日可外访时段（{zone}）：{hours}

外访人员
一、{first}　　工牌号：{first_badge}　　签名：________________
二、{second}　　工牌号：{second_badge}　　签名：________________

在门前
1. 先出示工作证件和本外访单，佩戴工牌，说明姓名、所属机构和来访目的。
2. 自到达至离开全程录音录像，并告知对方正在录音录像。
3. 未经对方明确同意，不得进入住所或其他私人场所。
4. 对方要求离开的，立即离开；对方不在的，不得等候、围堵，不得向他人透露债务。
5. 只与本人谈债务；不得恐吓、辱骂、张贴、喧哗，不得冒用司法、公安机关名义。
6. 只在上述时段内外访；时段结束即离开。
7. 不收取现金，不扣留证件和财物。

到达时间：________　　离开时间：________　　录音录像编号：________________
结果：□ 见到本人　□ 未见到本人　□ 地址有误　□ 他人拒绝
备注：________________________________________________
"""
_EN: Final = """Visit: {ref}    Case: {case}
Permit: {decision}, from {begins}; the visit must begin before {until}, or be asked for again at the door.
Permitted hours of the day ({zone}): {hours}

Visiting staff
1. {first}    badge {first_badge}    signature: ________________
2. {second}    badge {second_badge}    signature: ________________

At the door
1. Show your identity card and this order first, wear the badge, say your names, whom you come from, and why.
2. Record in sound and picture from arrival to departure, and say that you do.
3. Do not enter a home or another private place without clear consent.
4. Leave at once when you are asked to. If nobody is there, do not wait about, and tell nobody else of the debt.
5. Speak of the debt with the person alone. No threats, insults, posters or noise; never pose as court or police.
6. Visit only within the hours above, and leave when they end.
7. Take no cash, and keep no papers or belongings.

Arrived: ________    Left: ________    Recording: ________________
Result:  [ ] met   [ ] not met   [ ] wrong address   [ ] somebody else refused
Notes: ________________________________________________
"""
NONE: Final = {"zh": "无", "en": "none"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """One of the staff."""

    name: str
    badge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What stands on the order. begins, until, hours: as the clock of the person's place shows them."""

    ref: str
    case_ref: str
    decision_ref: str
    sender: str
    sender_phone: str
    to: tuple[str, ...]
    on: date
    begins: str
    until: str
    hours: Sequence[tuple[str, str]]
    zone: str
    visitors: tuple[Visitor, Visitor]
    language: str


def compose(order: Order) -> Printed:
    """Return the order as PDF. Raises letters.LetterRefused, naming a character that the type lacks."""
    chinese = order.language.startswith(CHINESE)
    first, second = order.visitors
    hours = ("、" if chinese else ", ").join(f"{begins}–{ends}" for begins, ends in order.hours)
    values = {
        "ref": order.ref,
        "case": order.case_ref,
        "decision": order.decision_ref,
        "begins": order.begins,
        "until": order.until,
        "hours": hours or NONE["zh" if chinese else "en"],
        "zone": order.zone,
        "first": first.name,
        "first_badge": first.badge,
        "second": second.name,
        "second_badge": second.badge,
    }
    return letters.compose(
        Letter(
            sender=order.sender,
            sender_lines=tuple(line for line in (order.sender_phone,) if line),
            to=order.to,
            on=order.on,
            reference=order.ref,
            subject="外访单" if chinese else "Visit order",
            body=(_ZH if chinese else _EN).format(**values),
            language=order.language,
        )
    )
