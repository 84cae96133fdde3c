"""Who works in the demo, and for whom: teams, users, creditors, products, mappings. Twice makes nothing twice."""

from datetime import UTC, datetime, time
from typing import Final

from cases import firm_policy
from cases.models import Creditor, ImportMapping, Product
from collections_app.demo import PASSWORD, tapes
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team, User, WorkProfile
from collections_app.staff.roles import Role

# Skills, languages, level, cases in hand and minutes a day at most: what the allocation goes by. A day of six hours is
# sixty calls, and there are ten times as many cases: so most have no limit of minutes, and take the most urgent first.
WORK: Final = {
    "li.na": (("early", "late", "complaints"), ("zh", "en"), "senior", 640, None),
    "wang.lei": (("early", "visits"), ("zh",), "junior", 560, None),
    "huang.jie": (("late", "legal", "business"), ("zh", "en"), "specialist", 420, None),
    "xu.fang": (("early", "hardship"), ("zh",), "senior", 480, None),
    "anna.cole": (("early", "late", "hardship"), ("en",), "senior", 240, None),
    "james.ward": (("early",), ("en",), "junior", 180, None),
    "priya.nair": (("early", "late"), ("en", "hi"), "senior", 240, 300),
}
TEAMS: Final = (("east", "East Asia desk"), ("world", "World desk"))
# User name, name, role, team, language, time zone.
USERS: Final = (
    ("li.na", "Li Na", Role.COLLECTOR, "east", "en", "Asia/Shanghai"),
    ("wang.lei", "Wang Lei", Role.COLLECTOR, "east", "zh-hans", "Asia/Shanghai"),
    ("huang.jie", "Huang Jie", Role.COLLECTOR, "east", "zh-hans", "Asia/Shanghai"),
    ("xu.fang", "Xu Fang", Role.COLLECTOR, "east", "zh-hans", "Asia/Shanghai"),
    ("james.ward", "James Ward", Role.COLLECTOR, "world", "en", "Europe/London"),
    ("priya.nair", "Priya Nair", Role.COLLECTOR, "world", "en", "Asia/Kolkata"),
    ("zhou.min", "Zhou Min", Role.SUPERVISOR, "east", "en", "Asia/Shanghai"),
    ("anna.cole", "Anna Cole", Role.COLLECTOR, "world", "en", "Europe/London"),
    ("raj.mehta", "Raj Mehta", Role.SUPERVISOR, "world", "en", "Asia/Kolkata"),
    ("admin", "Demo Administrator", Role.ADMIN, None, "en", "Asia/Shanghai"),
    ("chen.lu", "Chen Lu", Role.COMPLIANCE, None, "en", "Asia/Shanghai"),
    ("sun.yue", "Sun Yue", Role.COMPLIANCE, None, "zh-hans", "Asia/Shanghai"),
    ("he.ling", "He Ling", Role.SUPERVISOR, "east", "zh-hans", "Asia/Shanghai"),
    ("tom.reed", "Tom Reed", Role.SUPERVISOR, "world", "en", "Europe/London"),
)
# Code, name, kind, we act as, time zone, team.
CREDITORS: Final = (
    ("lantern-bank", "Lantern Bank (demo)", "bank_cba_member", "creditor", "Asia/Shanghai", "east"),
    ("maple-card-us", "Maple Card US (demo)", "unspecified", "agency", "America/New_York", "world"),
    ("thames-card-uk", "Thames Card UK (demo)", "unspecified", "agency", "Europe/London", "world"),
    ("wattle-card-au", "Wattle Card Australia (demo)", "unspecified", "agency", "Australia/Sydney", "world"),
    ("banyan-card-in", "Banyan Card India (demo)", "unspecified", "agency", "Asia/Kolkata", "world"),
)
FRESHNESS_DAYS: Final = 35
FIRST_EXTENSION: Final = 1000  # the telephones on the desks of the teams: 1001, 1002, …
# British rules name no hours and ask the firm for its own; without them the gate refuses.
HOURS: Final = {"thames-card-uk": (time(8), time(20))}
SINCE_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
ACTOR: Final = Actor.system("demo")
AUTHOR: Final = "admin"  # writes the strategy and its wordings
APPROVER: Final = "zhou.min"  # agrees to them


def make(*, at: datetime) -> dict[str, int]:
    """Make what is missing of teams, users, creditors, products and mappings; return how many there are of each."""
    teams = {code: Team.objects.get_or_create(code=code, defaults={"name": name})[0] for code, name in TEAMS}
    for number, (username, name, role, team, language, zone) in enumerate(USERS, start=1):
        if not User.objects.filter(username=username).exists():
            User.objects.create_user(
                username=username,
                password=PASSWORD,
                name=name,
                role=role,
                team=teams[team] if team else None,
                language=language,
                time_zone=zone,
                email=f"{username}@example.com",
                is_staff=role == Role.ADMIN,
                extension=str(FIRST_EXTENSION + number) if team else "",
            )
    for username, (skills, languages, tier, cases, minutes) in WORK.items():
        WorkProfile.objects.get_or_create(
            user=User.objects.get(username=username),
            defaults={"skills": list(skills), "languages": list(languages), "tier": tier, "max_cases": cases,
                      "minutes_a_day": minutes},
        )  # fmt: skip
    for code, name, kind, acting_as, zone, team in CREDITORS:
        creditor, made = Creditor.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "kind": kind,
                "acting_as": acting_as,
                "time_zone": zone,
                "currency": "TWD",
                "freshness_days": FRESHNESS_DAYS,
                "team": teams[team],
                "phone": "+12125550199",
            },
        )
        if made and code in HOURS:
            opens, closes = HOURS[code]
            reason = "British rules name no hours; the firm keeps to these."
            firm_policy.set_policy(
                creditor=creditor,
                opens=opens,
                closes=closes,
                in_force_from=SINCE_EVER,
                reason=reason,
                actor=ACTOR,
                at=at,
            )
        Product.objects.get_or_create(
            creditor=creditor, code="card", defaults={"name": "Credit card", "kind": Product.Kind.CREDIT_CARD}
        )
    for name in tapes.MAPPINGS:
        ImportMapping.objects.get_or_create(
            creditor=None, kind="tape", name=name, version=1, defaults={"spec": tapes.spec(name), "created_at": at}
        )
    return {"teams": len(TEAMS), "users": len(USERS), "creditors": len(CREDITORS)}
