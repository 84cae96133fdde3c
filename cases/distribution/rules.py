"""The rules by which the cases of a book are shared out: a document, its check with paths, and what it says in words.

    {"mode": "cases",
     "criteria": [{"name": "skill", "is": "must"}, {"name": "language", "is": "prefer"}],
     "needs": [{"skill": "legal", "tier": "senior", "when": {"buckets": ["M6", "M7+"]}}],
     "keep": {"while": "always", "days": 90, "absent_days": 7},
     "away": {"broken_promise": true, "complaint": true, "not_back_days": 30},
     "teams": ["early", "late"],
     "minutes": {"call": 6},
     "nightly": false, "from_hour": 6}

Every key may be missing; docs/allocation.md says what each means. Nothing set: STANDARD.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from cases import ageing
from cases.models import Case, NextAction, Product
from collections_app.staff.work import RANK, Skill, Tier

CASES: Final = "cases"
BALANCE: Final = "balance"
MINUTES: Final = "minutes"
TURNS: Final = "turns"
MODES: Final = (CASES, BALANCE, MINUTES, TURNS)
SKILL, TIER, LANGUAGE = "skill", "tier", "language"
CRITERIA: Final = (SKILL, TIER, LANGUAGE)
MUST, PREFER = "must", "prefer"
ALWAYS, BALANCED, NEVER = "always", "balanced", "never"
WHILE: Final = (ALWAYS, BALANCED, NEVER)
# Expected minutes of a case whose next action is a person's and due on the day; another one is glanced at.
WORK: Final[dict[str, int]] = {
    NextAction.CALL.value: 6,
    NextAction.CALLBACK.value: 6,
    NextAction.REVIEW.value: 10,
    NextAction.VERIFY_PAYMENT.value: 5,
}
GLANCE: Final = 1
WHEN: Final = (
    "buckets", "products", "jurisdictions", "reasons", "hardship", "vulnerable", "business", "balance_from",
    "balance_below",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a document: where (a path as `needs[0].when.buckets`) and what."""

    path: str
    text: Any

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


@dataclass(frozen=True, slots=True)
class Features:
    """What of a case decides whom it needs. `jurisdiction` is a code as CN or US-CA, `bucket` one of M0 to M7+."""

    bucket: str = ""
    product: str = ""
    jurisdiction: str = ""
    reason: str = ""
    hardship: bool = False
    vulnerable: bool = False
    business: bool = False
    balance: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class When:
    """A condition over the features of a case; every part that is given must hold."""

    buckets: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    jurisdictions: tuple[str, ...] = ()
    reasons: frozenset[str] = frozenset()
    flags: tuple[tuple[str, bool], ...] = ()
    balance_from: Decimal | None = None
    balance_below: Decimal | None = None

    def holds(self, of: Features) -> bool:
        """Return whether it holds. A jurisdiction holds for the places within it: US for US-CA."""
        return (
            (not self.buckets or of.bucket in self.buckets)
            and (not self.products or of.product in self.products)
            and (not self.jurisdictions or lies_in(of.jurisdiction, self.jurisdictions))
            and (not self.reasons or of.reason in self.reasons)
            and all(getattr(of, name) is wanted for name, wanted in self.flags)
            and (self.balance_from is None or of.balance >= self.balance_from)
            and (self.balance_below is None or of.balance < self.balance_below)
        )


@dataclass(frozen=True, slots=True)
class Needed:
    """Which skill and which level a case needs on a condition."""

    skill: str
    tier: str
    when: When


@dataclass(frozen=True, slots=True)
class Rules:
    """A document that was read. `days`, `not_back_days`: None is no limit; `absent_days` is at least so long."""

    mode: str = CASES
    criteria: tuple[tuple[str, str], ...] = ((SKILL, MUST), (LANGUAGE, PREFER), (TIER, PREFER))
    needs: tuple[Needed, ...] = ()
    keep: str = ALWAYS
    days: int | None = None
    absent_days: int = 7
    broken_promise: bool = False
    complaint: bool = False
    not_back_days: int = 30
    teams: tuple[str, ...] = ()
    minutes: Mapping[str, int] = field(default_factory=lambda: dict(WORK))
    nightly: bool = False
    from_hour: int = 6

    def needed(self, of: Features) -> tuple[frozenset[str], int]:
        """Return the skills that a case needs and the rank of the level (0 where none is asked for)."""
        met = [each for each in self.needs if each.when.holds(of)]
        return (
            frozenset(each.skill for each in met if each.skill),
            max((RANK[each.tier] for each in met if each.tier), default=0),
        )

    @property
    def looks_at_products(self) -> bool:
        """Whether any condition is about the product, which takes a look at the accounts."""
        return any(each.when.products for each in self.needs)


STANDARD: Final = Rules()


class RulesWrong(ValueError):
    """A document that cannot be read; `wrongs` says where and why."""

    def __init__(self, wrongs: Collection[Wrong]) -> None:
        super().__init__(" ".join(str(each) for each in wrongs))
        self.wrongs = tuple(wrongs)


def lies_in(place: str, wanted: Collection[str]) -> bool:
    """Return whether a place is one of these or lies within one: CN-SH lies in CN."""
    return any(place == each or place.startswith(f"{each}-") for each in wanted)


def read(document: Any, *, teams: Collection[str] | None = None) -> Rules:
    """Return the rules of a document. Raises RulesWrong with every path that is wrong.

    teams: the codes that exist, where they are to be checked.
    """
    reader = _Reader()
    rules = reader.rules(document, teams)
    if reader.wrongs or rules is None:
        raise RulesWrong(reader.wrongs)
    return rules


class _Reader:
    """Reads a document and collects what is wrong with it instead of stopping at the first."""

    def __init__(self) -> None:
        self.wrongs: list[Wrong] = []

    def no(self, path: str, text: Any) -> None:
        self.wrongs.append(Wrong(path, text))

    def keys(self, value: Any, path: str, known: Collection[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.no(path or "document", _("must be an object"))
            return {}
        for key in value:
            if key not in known:
                self.no(f"{path}.{key}" if path else str(key), _("is not known"))
        return {key: each for key, each in value.items() if key in known}

    def one_of(self, value: Any, path: str, known: Collection[str]) -> str:
        if not isinstance(value, str) or value not in known:
            self.no(path, _("must be one of %(known)s") % {"known": ", ".join(known)})
        return str(value)

    def whole(self, value: Any, path: str, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.no(path, _("must be a whole number from %(least)s to %(most)s") % {"least": least, "most": most})
            return least
        return value

    def yes_or_no(self, value: Any, path: str) -> bool:
        if not isinstance(value, bool):
            self.no(path, _("must be true or false"))
        return bool(value)

    def several(self, value: Any, path: str, known: Collection[str] | None = None) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
            self.no(path, _("must be a list of words"))
            return ()
        for number, each in enumerate(value):
            if known is not None and each not in known:
                self.no(f"{path}[{number}]", _("must be one of %(known)s") % {"known": ", ".join(known)})
        if len(set(value)) != len(value):
            self.no(path, _("names something twice"))
        return tuple(value)

    def rules(self, document: Any, teams: Collection[str] | None) -> Rules | None:
        known = ("mode", "criteria", "needs", "keep", "away", "teams", "minutes", "nightly", "from_hour")
        given = self.keys(document, "", known)
        read: dict[str, Any] = {}
        if "mode" in given:
            read["mode"] = self.one_of(given["mode"], "mode", MODES)
        if "criteria" in given:
            read["criteria"] = self.criteria(given["criteria"])
        if "needs" in given:
            read["needs"] = self.needs(given["needs"])
        keep = self.keys(given.get("keep", {}), "keep", ("while", "days", "absent_days"))
        if "while" in keep:
            read["keep"] = self.one_of(keep["while"], "keep.while", WHILE)
        for name in ("days", "absent_days"):
            if name in keep:
                read[name] = self.whole(keep[name], f"keep.{name}", 1, 3650)
        away = self.keys(given.get("away", {}), "away", ("broken_promise", "complaint", "not_back_days"))
        for name in ("broken_promise", "complaint"):
            if name in away:
                read[name] = self.yes_or_no(away[name], f"away.{name}")
        if "not_back_days" in away:
            read["not_back_days"] = self.whole(away["not_back_days"], "away.not_back_days", 0, 3650)
        if "teams" in given:
            read["teams"] = self.several(given["teams"], "teams", teams)
        if "minutes" in given:
            minutes = self.keys(given["minutes"], "minutes", tuple(WORK))
            read["minutes"] = WORK | {
                name: self.whole(value, f"minutes.{name}", 1, 480) for name, value in minutes.items()
            }
        if "nightly" in given:
            read["nightly"] = self.yes_or_no(given["nightly"], "nightly")
        if "from_hour" in given:
            read["from_hour"] = self.whole(given["from_hour"], "from_hour", 0, 20)
        return None if self.wrongs else Rules(**read)

    def criteria(self, value: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, list):
            self.no("criteria", _("must be a list"))
            return ()
        found = []
        for number, each in enumerate(value):
            path = f"criteria[{number}]"
            given = self.keys(each, path, ("name", "is"))
            name = self.one_of(given.get("name"), f"{path}.name", CRITERIA)
            found.append((name, self.one_of(given.get("is"), f"{path}.is", (MUST, PREFER))))
        names = [name for name, _how in found]
        if len(set(names)) != len(names):
            self.no("criteria", _("names something twice"))
        return tuple(found)

    def needs(self, value: Any) -> tuple[Needed, ...]:
        if not isinstance(value, list):
            self.no("needs", _("must be a list"))
            return ()
        found = []
        for number, each in enumerate(value):
            path = f"needs[{number}]"
            given = self.keys(each, path, ("skill", "tier", "when"))
            if "skill" not in given and "tier" not in given:
                self.no(path, _("needs a skill or a level"))
            skill = self.one_of(given["skill"], f"{path}.skill", Skill.values) if "skill" in given else ""
            tier = self.one_of(given["tier"], f"{path}.tier", Tier.values) if "tier" in given else ""
            found.append(Needed(skill, tier, self.when(given.get("when", {}), f"{path}.when")))
        return tuple(found)

    def when(self, value: Any, path: str) -> When:
        given = self.keys(value, path, WHEN)
        read: dict[str, Any] = {}
        for name, known in (
            ("buckets", ageing.DEFAULT.labels),
            ("products", Product.Kind.values),
            ("reasons", Case.DefaultReason.values),
        ):
            if name in given:
                read[name] = frozenset(self.several(given[name], f"{path}.{name}", known))
        if "jurisdictions" in given:
            read["jurisdictions"] = self.several(given["jurisdictions"], f"{path}.jurisdictions")
        read["flags"] = tuple(
            (name, self.yes_or_no(given[name], f"{path}.{name}"))
            for name in ("hardship", "vulnerable", "business")
            if name in given
        )
        for name in ("balance_from", "balance_below"):
            if name in given:
                read[name] = self.amount(given[name], f"{path}.{name}")
        return When(**read)

    def amount(self, value: Any, path: str) -> Decimal | None:
        try:
            found = Decimal(value) if isinstance(value, str) else None
        except InvalidOperation:
            found = None
        if found is None or not found.is_finite() or found < 0:
            self.no(path, _('must be an amount in quotes, as "50000.00"'))
            return None
        return found
