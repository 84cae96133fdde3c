"""What may be said to whom when somebody else than the debtor is on the line: by his part, and by the place's rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cases.models import Case, PartyRole
from compliance import packs_loader

Role = PartyRole.Role
# The checks of rules about other people than the debtor (`compliance.predicates`).
CHECKS: Final = frozenset(
    {
        "third_person_not_pressed",
        "third_person_may_refuse",
        "party_allowed",
        "lost_debtor",
        "licence_not_ended",
        "unrelated_left_alone",
        "asked_once",
        "guarantee_period_open",
        "not_told_at",
    }
)
LIABLE: Final = _("Owes as far as the contract says. Confirm who it is first; then speak of this person's own part.")
NOTHING: Final = _("Only whether and how the person can be reached. No word of a debt, a creditor or an amount.")
SPEAKS: Final = _("Speaks for the person. Ask for the authority first; then the case may be discussed.")
OFFERS: Final = _("May pay if this person offers to. Never ask for it, and say no more than the person allows.")
MAY: Final[dict[str, LazyText | str]] = {
    Role.JOINT_DEBTOR: LIABLE,
    Role.GUARANTOR: LIABLE,
    Role.COUNTER_GUARANTOR: LIABLE,
    Role.HEIR: _(
        "Answers for what was inherited only. Say nothing before the death and the inheritance are on record."
    ),
    Role.ATTORNEY: SPEAKS,
    Role.DEBT_ADVISER: SPEAKS,
    Role.THIRD_PARTY_PAYER: OFFERS,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the place about other people, in the reader's language."""

    id: str
    title: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Party:
    """Another person with a part in the debt."""

    name: str
    role: str
    may: str


def may_be_told(role: str) -> str:
    """Return what may be said to somebody of this part; to everybody who does not owe, nothing of the debt."""
    return str(MAY.get(role, NOTHING))


def of_case(case: Case) -> list[Party]:
    """Return the other people of a case with what may be said to each, in one query."""
    rows = PartyRole.objects.filter(borrower_id=case.borrower_id, until__isnull=True).select_related("person")
    return [Party(str(row.person), str(row.get_role_display()), may_be_told(row.role)) for row in rows.order_by("pk")]


def usual() -> list[Party]:
    """Return what may be said to whoever often answers, where nobody of the case is meant."""
    roles = (Role.SPOUSE, Role.RELATIVE, Role.COLLEAGUE, Role.GUARANTOR, Role.ATTORNEY)
    return [Party("", str(role.label), may_be_told(role)) for role in roles]


def rules(jurisdiction: str) -> list[Rule]:
    """Return the rules of a place about other people, of the packs that are in use there."""
    language = "zh-hans" if (get_language() or "").startswith("zh") else "en"
    found = []
    for pack in packs_loader.all_packs():
        if not pack.enabled or not _is_there(pack.jurisdictions, jurisdiction):
            continue
        found += [
            Rule(rule.id, _in(rule.title, language), _in(rule.text, language), rule.source)
            for rule in pack.rules
            if rule.check in CHECKS
        ]
    return found


def _is_there(places: Iterable[str], jurisdiction: str) -> bool:
    return bool(jurisdiction) and any(jurisdiction == place or jurisdiction.startswith(f"{place}-") for place in places)


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get("en", "")
