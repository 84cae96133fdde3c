"""Search measured: fifty collectors who each search now and then, in a book of any size, beside the bare query.

Searches arrive by chance, whether or not the ones before them are answered, and four processes answer them, as a web
server would: what a search waited for its turn is part of its time.
"""

import random
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import quantiles
from time import perf_counter, sleep
from typing import Any, Final

from django.db import connection, connections

from cases import name_index, name_keys, search
from cases.imports import canonical
from cases.models import Creditor, Product
from collections_app import database
from collections_app.management.measures import sql_searching as sql
from collections_app.management.measures.people import AT
from collections_app.shared import refs, sealed
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team, User

COLLECTORS: Final = 50
EACH_S: Final = 5.0  # seconds between two searches of one collector, on average
PROCESSES: Final = 4
SECONDS: Final = 30.0
WARM_S: Final = 3.0  # not counted
TEAMS: Final = 9  # cases are every fourth person, so the teams are no multiple of two
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马单曾仇解区"
GIVEN: Final = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰红鹏玉华飞建国志文斌慧婷雪佳乐宁"
FIRST: Final = [
    "Anna", "Ben", "Carla", "David", "Eva", "Frank", "Grace", "Henry", "Iris", "Jack", "Karen", "Liam", "Mary", "Noah",
    "Olga", "Paul", "Quinn", "Rosa", "Sam", "Tina",
]  # fmt: skip
LAST: Final = [
    "Adams", "Baker", "Clark", "Davis", "Evans", "Foster", "Green", "Harris", "Irwin", "Jones", "Kelly", "Lewis",
    "Miller", "Nelson", "Owens", "Parker", "Reed", "Smith", "Turner", "Walker",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of a search as collectors see it and of the bare query, and how fast names are spelled."""

    p50: float
    p95: float
    bare_p95: float
    searches: int
    slowest: str
    spelled_per_s: float


def measure(size: int) -> Measured:
    """Make a book of so many people in the empty database in use, and let fifty collectors search in it."""
    teams = make(size)
    began = perf_counter()
    spelled = name_index.spell(at=AT, seconds=3_600)
    per_s = spelled.names / (perf_counter() - began)
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.ANALYSE)
    jobs = {team.pk: _searches(team) for team in teams}
    users = [User.objects.get(username=f"search-{team.code}") for team in teams]
    bare = _bare(teams[0].pk, [text for kind, text in jobs[teams[0].pk] if kind == "name"])
    found = _simulate(users, jobs)
    cut = quantiles([taken for taken, _kind in found], n=100)
    slowest = max(found)
    return Measured(cut[49], cut[94], bare, len(found), f"{slowest[0]:.0f} ms {slowest[1]}", per_s)


def make(size: int) -> list[Team]:
    """Fill the empty database in use with so many people, a case for every fourth; return the teams."""
    teams = [Team.objects.create(code=f"s{number}", name=f"Search {number}") for number in range(TEAMS)]
    creditors, products = [], []
    for team in teams:
        User.objects.create(username=f"search-{team.code}", role="collector", team=team)
        creditor = Creditor.objects.create(
            code=team.code, name=team.name, time_zone="Asia/Shanghai", currency="CNY", team=team
        )
        creditors.append(creditor.pk)
        products.append(Product.objects.create(creditor=creditor, code="card", name="Card", kind="credit_card").pk)
    values: dict[str, Any] = {
        "size": size, "at": AT, "teams": TEAMS, "creditors": creditors, "products": products,
        "team_keys": [team.pk for team in teams], "surnames": list(SURNAMES), "given": list(GIVEN), "first": FIRST,
        "last": LAST, "box": sealed.seal("+8613900001234"),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql.PATIENT)
        for statement in (sql.MAKE_PEOPLE, sql.MAKE_LOCATIONS, sql.MAKE_BORROWERS, sql.MAKE_ACCOUNTS,
                          sql.MAKE_TELEPHONES, sql.MAKE_POINTS, sql.MAKE_CASES):  # fmt: skip
            cursor.execute(statement, values)
        cursor.execute(sql.IMPATIENT)
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.ANALYSE)
    return teams


def _searches(team: Team) -> list[tuple[str, str]]:
    """Return what the collectors of a team look for: names in each way to type them, and all kinds of numbers."""
    wanted: list[tuple[str, str]] = []
    with connection.cursor() as cursor:
        cursor.execute(sql.SAMPLE, {"team": team.pk, "limit": 60})
        rows = cursor.fetchall()
        for place, (_person, name, reference, phone4, address, account4, account, case) in enumerate(rows):
            spoken = [key for key in name_keys.keys(name) if key.isascii() and key.isalpha()]
            wanted += [("name", name), ("name", max(spoken, key=len)), ("name", min(spoken, key=len).ljust(2, "a"))]
            wanted += [("name", name[:1] if not name.isascii() else name.split()[0])]
            wanted += [("reference", refs.encode("C", case)), ("borrower", reference)]
            wanted += [("telephone, four", phone4), ("account, four", account4)]
            if place % 3 == 0:
                number, card = f"1399{address:07d}", f"62220000{account:08d}"
                digest = sealed.digest(canonical.PHONE, f"+86{number}")
                cursor.execute(sql.NUMBER_TELEPHONE, {"hash": digest, "row": address})
                cursor.execute(sql.NUMBER_ACCOUNT, {"hash": sealed.digest(canonical.ACCOUNT, card), "row": account})
                wanted += [("telephone, whole", number), ("account, whole", card), ("telephone, six", f"34{phone4}")]
    return wanted


def _bare(team: int, names: list[str]) -> float:
    """Return the milliseconds, at the 95th percentile, of the one query that any search of a name needs."""
    taken = []
    with connection.cursor() as cursor:
        for name in names:
            began = perf_counter()
            cursor.execute(sql.LEAST, {"team": team, "query": name_keys.query(name_keys.words_of(name))})
            cursor.fetchall()
            taken.append((perf_counter() - began) * 1000)
    return quantiles(taken, n=100)[94]


def _simulate(users: list[User], jobs: dict[int, list[tuple[str, str]]]) -> list[tuple[float, str]]:
    """Return milliseconds and kind of each search, from the moment somebody asked until the answer."""
    connections.close_all()
    context = get_context("fork")
    found: Any = context.SimpleQueue()

    def serve(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - arrivals, not secrecy
        rate = COLLECTORS / EACH_S / PROCESSES
        taken: list[tuple[float, str]] = []
        began = perf_counter()
        due = began + chance.expovariate(rate)
        while due < began + SECONDS:
            sleep(max(0.0, due - perf_counter()))
            user = chance.choice(users)
            kind, text = chance.choice(jobs[user.team_id or 0])
            result = search.find(user, text, actor=Actor.of(user), at=AT)
            if due > began + WARM_S:
                taken.append(((perf_counter() - due) * 1000, f"{kind}, {len(result.hits)} found"))
            due += chance.expovariate(rate)
        found.put(taken)
        connections.close_all()

    processes = [context.Process(target=serve, args=(number,)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    taken = [one for _ in processes for one in found.get()]
    for process in processes:
        process.join()
    return taken
