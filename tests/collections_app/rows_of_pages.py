"""Rows for the pages that show one row: the cheapest that fills its page. The rows are made by whoever may see them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from cases.models import Document, ExclusionAppeal, ImportBatch, ImportRow
from collections_app.shared import refs
from collections_app.shared.actor import Actor
from compliance import packs_loader
from compliance.releases import scheduling
from contacts.experiments import registering
from contacts.models import CallDisclosures, PostalLetter, PrintBatch, Rehearsal, RehearsalCell
from contacts.scripts import editing
from tests.factories.cases import InstructionFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.printing import SealFactory
from tests.factories.priority import ScoreModelFactory
from tests.factories.staff import UserFactory

ARMS = [
    {"key": "as-is", "name": "As it is", "share": 50, "holdout": False},
    {"key": "sms-first", "name": "Text message first", "share": 30, "holdout": False},
    {"key": "nothing", "name": "Left alone", "share": 20, "holdout": True},
]


def further_addresses(world: Any, *, at: Any) -> dict[str, str]:
    """Make the rows and return the addresses of their pages, by route. world: of `tests.architecture.test_access`."""
    case, creditor = world.case, world.case.creditor
    admin, officer = world.people["admin"], world.people["compliance"]
    rehearsal = Rehearsal.objects.create(
        version=world.strategy, status=Rehearsal.Status.RUNNING, days=14, requested_at=at, started_at=at
    )
    RehearsalCell.objects.create(
        rehearsal=rehearsal, day=at.date(), creditor=creditor, segment_key="all", step_key="first", kind="send",
        channel="sms", team=case.team, outcome="withheld", reason="CN-TIME-CBA", count=1, cases=[case.pk],
    )  # fmt: skip
    ExclusionAppeal.objects.create(
        entry=world.entry, person_id=case.person_id, words="I paid.", opened_at=at, decide_by=at.date()
    )
    release = _release(officer, at=at)
    numbers = {
        "cases:import": _import(creditor, at=at),
        "cases:priority-model": ScoreModelFactory(creditor=creditor).pk,
        "compliance:release": release,
        "contacts:impact": release,
        "contacts:experiment": _experiment(creditor, admin, at=at),
        "contacts:print-batch": _batch(case, at=at),
        "contacts:rehearsal-cases": rehearsal.pk,
        "contacts:script-version": editing.write(
            key="talk", language="en", body="say: Good morning.", when={}, by=UserFactory(admin=True), at=at
        ).pk,
        "contacts:seal-picture": SealFactory(proposed=True, creditor=creditor).pk,
    }
    asked = InstructionFactory(person=case.person, kind="workplace_request", confirmed_at=None)
    call = _call(case, world.colleague, at=at)
    return {
        **{route: reverse(route, args=[number]) for route, number in numbers.items()},
        "cases:confirm-request": reverse("cases:confirm-request", args=[case.ref, asked.pk]),
        "cases:receipt": reverse("cases:receipt", args=[world.free.ref, refs.encode("P", world.paid.pk)]),
        "contacts:call-record": reverse("contacts:call-record", args=[case.ref, call.ref]),
    }


def _import(creditor: Any, *, at: Any) -> int:
    batch = ImportBatch.objects.create(
        creditor=creditor, as_of=at.date(), file_name="tape.csv", uploaded_at=at, rows_read=3, rows_accepted=2,
        rows_refused=1, rows_created=2,
    )  # fmt: skip
    for step in (batch.stage, batch.check_rows, lambda: batch.load(at=at)):
        step()
        batch.save()
    ImportRow.objects.create(
        batch=batch, line=3, column="phone", code="phone", values={"value": "x"}, purge_on=at.date()
    )
    return int(batch.pk)


def _release(officer: Any, *, at: Any) -> int:
    path, version = packs_loader.FOLDER / "POLICY", packs_loader.get("POLICY").version
    files = {each.name: each.read_text(encoding="utf-8") for each in path.iterdir() if each.suffix == ".toml"}
    files["pack.toml"] = files["pack.toml"].replace(f'version = "{version}"', f'version = "9{version}"', 1)
    begins = at + timedelta(days=30)
    row = scheduling.propose(files=files, in_force_from=begins, reason="Newer", actor=Actor.of(officer), at=at)
    return int(row.pk)


def _experiment(creditor: Any, admin: Any, *, at: Any) -> int:
    experiment = registering.register(
        code="first-week", name="First week", question="Does a text message help?", creditors=[creditor], arms=ARMS,
        measure="cured", within_days=10, horizon_days=30, smallest_difference=Decimal("2.0"),
        guardrails={"complaints": "5"}, actor=Actor.of(admin), at=at,
    )  # fmt: skip
    return int(registering.begin(experiment_id=experiment.pk, by=admin, at=at).pk)


def _batch(case: Any, *, at: Any) -> int:
    batch = PrintBatch.objects.create(
        creditor=case.creditor, letters_count=1, pages=1, path="x", sha256="0" * 64, manifest="x",
        manifest_sha256="0" * 64, collected_at=at,
    )  # fmt: skip
    document = Document.objects.create(
        case=case, person=case.person, title="Reminder", path="x", sha256="0" * 64, size=1, added_at=at
    )
    PostalLetter.objects.create(
        document=document, creditor=case.creditor, case=case, person=case.person, key=f"{document.pk:032d}", made_at=at,
        batch=batch, position=1, code="L-1", pages=1,
    )  # fmt: skip
    return int(batch.pk)


def _call(case: Any, colleague: Any, *, at: Any) -> Any:
    call = AttemptFactory(case=case, made_by=colleague, to="completed", outcome="conversation", at=at)
    CallDisclosures.objects.create(
        attempt=call, required=["CN-REC", "CN-ID"], unticked=["CN-REC"], unsaid=["CN-ID"], recorded_by=colleague,
        recorded_at=at, scripts={"talk": {"key": "cn-talk-card", "version": 0, "language": "en", "sha256": "0" * 64}},
    )  # fmt: skip
    return call
