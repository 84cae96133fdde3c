"""The questions of `manage.py doctor`: is everything there that the product needs, and if not, how is it mended."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import django
import redis
from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.utils.module_loading import import_string

from collections_app import health
from collections_app.embedded import EmbeddedServerFault
from collections_app.shared import clock

BEAT_LATE_AFTER = timedelta(minutes=3)
OLDEST_POSTGRESQL = 150000
HISTORY = ("compliance_auditevent", "compliance_decision", "cases_ledgerentry", "cases_accountstate")


@dataclass(frozen=True)
class Finding:
    """The answer to one question: `ok`, or what is wrong and how to mend it."""

    name: str
    ok: bool
    says: str
    mend: str = ""


def examine() -> list[Finding]:
    """Ask every question; one that cannot be answered is not ok."""
    findings = []
    questions: list[Callable[[], Finding]] = [environment, database, role, history, migrations, broker, workers, beat]
    questions += [epoch, queue, providers, telephone, packs, feeds]
    for question in questions:
        try:
            findings.append(question())
        except (
            DatabaseError,
            EmbeddedServerFault,
            ImproperlyConfigured,
            LookupError,
            redis.RedisError,
            OSError,
        ) as error:
            text = str(error).strip().split("\n", 1)[0] or type(error).__name__
            findings.append(Finding(question.__name__, ok=False, says=text, mend=_MEND.get(question.__name__, "")))
    return findings


def environment() -> Finding:
    """Python, Django, and how this process is configured."""
    name = "environment"
    versions = f"Python {sys.version.split()[0]}, Django {django.__version__}"
    if sys.version_info < (3, 12):  # noqa: UP036  (whoever starts it with an older one is told so)
        return Finding(name, ok=False, says=versions, mend="Install Python 3.12 or newer.")
    if settings.CLOCK_SHIFT and not settings.DEVELOPMENT:
        return Finding(name, ok=False, says="the clock follows a table", mend="Unset CLOCK_SHIFT.")
    kind = "development" if settings.DEVELOPMENT else "production"
    shifted = f", clock shifted by {clock.offset()}" if settings.CLOCK_SHIFT and clock.offset() else ""
    return Finding(name, ok=True, says=f"{versions}, {kind}{shifted}")


def database() -> Finding:
    """The database answers and is new enough, and its clock agrees with ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), extract(epoch FROM clock_timestamp())")
        name, seconds = cursor.fetchone()
    version = connection.connection.server_version
    if version < OLDEST_POSTGRESQL:
        return Finding("database", ok=False, says=f"PostgreSQL {version // 10000}", mend="Use PostgreSQL 15 or newer.")
    skew = abs((clock.now() - clock.offset()).timestamp() - float(seconds))
    if skew > 30:
        says = f"its clock is {skew:.0f} s away from this machine's"
        return Finding("database", ok=False, says=says, mend="Set both clocks by NTP; contact hours depend on them.")
    where = "embedded" if settings.EMBEDDED else "DATABASE_URL"
    return Finding("database", ok=True, says=f"PostgreSQL {version // 10000}.{version % 100}, {name} ({where})")


def role() -> Finding:
    """The role of web and workers owns nothing and is no superuser."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls,"
            " (SELECT count(*) FROM pg_class WHERE relowner = r.oid AND relkind IN ('r', 'p', 'v', 'm', 'S')),"
            " has_schema_privilege(current_user, 'public', 'CREATE')"
            " FROM pg_roles r WHERE rolname = current_user"
        )
        user, is_super, bypasses, owned, may_create = cursor.fetchone()
    wrong = [
        *(["is superuser"] if is_super else []),
        *(["passes row security"] if bypasses else []),
        *([f"owns {owned} tables or sequences"] if owned else []),
        *(["may create tables"] if may_create else []),
    ]
    if wrong:
        mend = "Give web and workers a role of their own in DATABASE_URL and the owner's in DATABASE_OWNER_URL."
        return Finding("role", ok=False, says=f"{user} {', '.join(wrong)}", mend=mend)
    return Finding("role", ok=True, says=f"{user} owns nothing and is no superuser")


def history() -> Finding:
    """The role may only add to the tables of proof."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, p.what FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
            " unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p(what)"
            " WHERE n.nspname = 'public' AND c.relname = ANY(%s) AND has_table_privilege(c.oid, p.what)"
            " ORDER BY c.relname, p.what",
            [list(HISTORY)],
        )
        rights = [f"{right} on {table}" for table, right in cursor.fetchall()]
    if rights:
        return Finding(
            "history", ok=False, says="may " + ", ".join(rights), mend="Revoke these from the role of DATABASE_URL."
        )
    return Finding("history", ok=True, says="audit, decisions, ledger and account states can only grow")


def migrations() -> Finding:
    """Every migration is applied."""
    problems = health.readiness_problems()
    if problems:
        return Finding("migrations", ok=False, says=", ".join(problems), mend="Run: python manage.py migrate")
    return Finding("migrations", ok=True, says="all applied")


def broker() -> Finding:
    """Valkey or Redis answers and never evicts a key."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
    if policy != "noeviction":
        mend = "Set maxmemory-policy noeviction, and give the broker a server of its own."
        return Finding("broker", ok=False, says=f"it may evict messages ({policy})", mend=mend)
    return Finding("broker", ok=True, says="answers, evicts nothing")


def workers() -> Finding:
    """At least one worker answers, and together they listen to every queue."""
    from collections_app.celery import app

    queues = app.control.inspect(timeout=1.5).active_queues() or {}
    heard = {queue["name"] for listed in queues.values() for queue in listed}
    silent = {settings.CELERY_TASK_DEFAULT_QUEUE, *settings.CHANNEL_QUEUES} - heard
    if not queues:
        return Finding("workers", ok=False, says="no worker answers", mend=_MEND["workers"])
    if silent:
        return Finding(
            "workers", ok=False, says=f"nobody listens to {', '.join(sorted(silent))}", mend=_MEND["workers"]
        )
    return Finding("workers", ok=True, says=f"{len(queues)} answering, all queues heard")


def beat() -> Finding:
    """The minute tick came in the last minutes."""
    last = _last_tick()
    if last is None:
        return Finding("beat", ok=False, says="no minute tick was ever seen", mend=_MEND["beat"])
    age = clock.now() - last
    if age > BEAT_LATE_AFTER:
        return Finding("beat", ok=False, says=f"the last minute tick was {age} ago", mend=_MEND["beat"])
    lost = import_string("contacts.ticks.missed")(real_at=clock.now() - clock.offset())
    said = f", {lost} missed in the last day" if lost else ""
    return Finding("beat", ok=True, says=f"last tick {age.total_seconds():.0f} s ago{said}")


def epoch() -> Finding:
    """The database is not older than what this installation has seen of it."""
    if import_string("contacts.epochs.went_back")():
        mend = "Look at what left since the backup, then: python manage.py resume_sending --after-restore"
        return Finding("epoch", ok=False, says="the database went back in time: nothing is sent", mend=mend)
    return Finding("epoch", ok=True, says="the database has not gone back in time")


def queue() -> Finding:
    """Nothing that is due waits longer than it may."""
    ages = health.queue_ages()
    stale = {name: age for name, age in ages.items() if age is None or age > health.STALE_AFTER_S}
    if stale:
        says = ", ".join(
            f"{name}: {'cannot be told' if age is None else f'{age:.0f} s'}" for name, age in stale.items()
        )
        return Finding("queue", ok=False, says=says, mend="See the workers and beat above, and the log of the worker.")
    return Finding("queue", ok=True, says="nothing overdue")


def providers() -> Finding:
    """No provider refuses us."""
    held = list(apps.get_model("contacts", "ProviderState").objects.filter(held_until__isnull=False).order_by("pk"))
    if held:
        says = "; ".join(
            f"{each.provider} refuses us ({each.reason_code}) since {each.held_since:%Y-%m-%d %H:%M} UTC, "
            f"next try {each.held_until:%H:%M}"
            for each in held
        )
        mend = "Check its credentials, balance and address in the settings, and restart the workers."
        return Finding("providers", ok=False, says=says, mend=mend)
    return Finding("providers", ok=True, says="none refuses us")


def telephone() -> Finding:
    """Somebody listens to the telephone system, where there is one."""
    if settings.CTI_PROVIDER == "none":
        return Finding("telephone", ok=True, says="none set up: people dial by hand")
    code = import_string("contacts.channels.telephone_line.problem")(at=clock.now())
    if code:
        mend = "Run: python manage.py listen_to_telephone; then check ARI_URL, ARI_USER and ARI_PASSWORD."
        return Finding("telephone", ok=False, says=str(import_string("contacts.reasons.say")(code)), mend=mend)
    unknown = apps.get_model("contacts", "TelephoneEvent").objects.filter(
        applied_at__isnull=True, received_at__gte=clock.now() - timedelta(days=1)
    )
    strangers = unknown.count()
    said = f", {strangers} events of the last day are about calls that nobody knows" if strangers else ""
    return Finding("telephone", ok=True, says=f"its events are heard{said}")


def packs() -> Finding:
    """Every rule pack can be read."""
    broken = [each for each in checks.run_checks(tags=["compliance"]) if each.is_serious()]
    if broken:
        return Finding("packs", ok=False, says=str(broken[0].msg), mend="Run: python manage.py check_packs")
    return Finding("packs", ok=True, says="all readable")


def feeds() -> Finding:
    """The balances of every active creditor are as fresh as they must be for contacts."""
    creditor_model, batch_model = apps.get_model("cases", "Creditor"), apps.get_model("cases", "ImportBatch")
    at, stale, number = clock.now(), [], 0
    for creditor in creditor_model.objects.filter(is_active=True).order_by("pk"):
        number += 1
        newest = (
            batch_model.objects.filter(creditor=creditor, status="loaded", as_of__isnull=False)
            .order_by("-as_of", "-pk")
            .values_list("as_of", flat=True)
            .first()
        )
        today = clock.business_day(at, creditor.time_zone)
        if newest is None:
            stale.append(f"{creditor.code}: no tape yet")
        elif (today - newest).days > creditor.freshness_days:
            stale.append(f"{creditor.code}: balances as of {newest}")
    if stale:
        return Finding("feeds", ok=False, says="; ".join(stale), mend="Import a newer tape; sending waits until then.")
    return Finding("feeds", ok=True, says=f"{number} creditors fresh")


def _last_tick() -> Any:
    ticks = apps.get_model("contacts", "Tick")
    return ticks.objects.order_by("-minute").values_list("minute", flat=True).first()


_START = "Start it: make run, or see CONTRIBUTING.md for the single processes."
_MEND = {
    "database": "Check DATABASE_URL; with none, the embedded server starts by itself.",
    "broker": f"Check REDIS_URL. {_START}",
    "workers": _START,
    "beat": _START,
    "migrations": "Run: python manage.py migrate",
}
