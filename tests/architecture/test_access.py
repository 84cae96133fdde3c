"""Nobody sees what is not his: every route, every role, another team's rows. A route that is not named here fails."""

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from cases.models import Approval, Correction, DistributionRun, ExclusionEntry
from collections_app.shared import refs
from contacts.models import NightRun
from tests.factories import NOW
from tests.factories.cases import (
    CaseFactory,
    ConsentFactory,
    HoldFactory,
    InstructionFactory,
    NoteFactory,
    PaymentFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory, PlannedContactFactory, StrategyVersionFactory
from tests.factories.staff import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db

EVERYBODY = frozenset({"collector", "supervisor", "admin", "compliance"})
DESK = frozenset({"collector", "supervisor"})
READERS = EVERYBODY
LEADS = frozenset({"supervisor", "admin", "compliance"})
PRINTERS = frozenset({"supervisor", "admin"})
MARKER = "郭标记某"

PUBLIC = {
    "health-live", "health-ready", "health-queue", "metrics", "login", "set_language", "contacts:way-out", "api:schema",
    "api:docs",
}  # fmt: skip
TOKEN = "api:"
# Route -> the roles that may open it at all. What they find there is a matter of their own team.
ROUTES = {
    "home": EVERYBODY,
    "logout": EVERYBODY,
    "preferences": EVERYBODY,
    "keys": EVERYBODY,
    "password_change": EVERYBODY,
    "password_change_done": EVERYBODY,
    "dashboards:supervisor": LEADS,
    "dashboards:widget": LEADS,
    "dashboards:rows": LEADS,
    "cases:imports": {"admin"},
    "cases:import": {"admin"},
    "cases:import-load": {"admin"},
    "cases:import-refusals": {"admin"},
    "cases:unallocated": LEADS,
    "cases:import-roll-back": {"admin"},
    "cases:bank-days": {"supervisor", "admin"},
    "cases:bank-day": {"supervisor", "admin"},
    "cases:bank-line": {"supervisor", "admin"},
    "cases:bank-state": {"supervisor", "admin"},
    "cases:bank-close": {"supervisor", "admin"},
    "cases:receive-payment": {"supervisor"},
    "cases:payments": READERS,
    "cases:payment": READERS,
    "cases:receipt": READERS,
    "cases:reverse-payment": {"supervisor"},
    "cases:credit": {"supervisor"},
    "cases:firm-policies": LEADS,
    "cases:firm-policy": LEADS,
    "cases:allocate": {"supervisor"},
    "cases:queue": DESK,
    "cases:day-reads": READERS,
    "cases:take-next": DESK,
    "cases:ahead": DESK,
    "cases:back": DESK,
    "cases:holder": READERS,
    "cases:take-over": DESK,
    "cases:list": READERS,
    "cases:search": READERS,
    "cases:case": READERS,
    "cases:take": DESK,
    "cases:skip": DESK,
    "cases:release": DESK,
    "cases:note": DESK,
    "cases:hold": DESK,
    "cases:release-hold": {"supervisor"},
    "cases:stop": DESK,
    "cases:withdraw": DESK,
    "cases:wishes": READERS,
    "cases:confirm-request": DESK,
    "cases:consent": DESK,
    "cases:withdraw-consent": DESK,
    "cases:extend-hold": {"supervisor"},
    "cases:review-hold": {"supervisor"},
    "cases:end-treatment": {"supervisor"},
    "cases:next-action": DESK,
    "cases:promise": DESK,
    "cases:promise-reads": DESK,
    "cases:assess": DESK,
    "cases:assign": {"supervisor"},
    "cases:allocation": {"supervisor", "admin"},
    "cases:allocation-preview": {"supervisor", "admin"},
    "cases:allocation-run": {"supervisor", "admin"},
    "cases:allocation-apply": {"supervisor", "admin"},
    "cases:allocation-undo": {"supervisor", "admin"},
    "cases:allocation-rules": {"supervisor", "admin"},
    "cases:allocation-people": {"supervisor", "admin"},
    "cases:allocation-person": {"supervisor", "admin"},
    "cases:allocation-fairness": {"supervisor", "admin"},
    "cases:approvals": {"supervisor", "compliance"},
    "cases:approval": READERS,
    "cases:approval-decide": {"supervisor", "compliance"},
    "cases:approval-withdraw": READERS,
    "cases:authority": LEADS,
    "cases:priority": LEADS,
    "cases:priority-model": LEADS,
    "cases:priority-decide": {"admin", "compliance"},
    "cases:authority-end": {"admin"},
    "cases:settlement": READERS,
    "cases:settlement-preview": DESK,
    "cases:settlement-accept": DESK,
    "cases:settlement-withdraw": DESK,
    "cases:settlement-letter": DESK,
    "cases:waive": DESK,
    "cases:waiver-reverse": {"supervisor"},
    "cases:asset": DESK,
    "cases:asset-give-back": {"supervisor"},
    "cases:write-off": {"supervisor"},
    "cases:exclude": {"supervisor", "compliance"},
    "cases:waivers": {"supervisor", "compliance"},
    "cases:write-offs": {"supervisor", "compliance"},
    "cases:write-off-reverse": {"supervisor"},
    "cases:exclusions": {"supervisor", "compliance"},
    "cases:exclusion": {"supervisor", "compliance"},
    "cases:exclusion-remove": {"supervisor", "compliance"},
    "cases:exclusion-told": {"supervisor", "compliance"},
    "cases:exclusion-appeal": {"supervisor", "compliance"},
    "cases:exclusion-decide": {"supervisor", "compliance"},
    "cases:plans": READERS,
    "cases:plan": READERS,
    "cases:plan-preview": DESK,
    "cases:plan-draft": DESK,
    "cases:plan-sign": DESK,
    "cases:plan-cancel": DESK,
    "cases:affordability": DESK,
    "cases:add-evidence": DESK,
    "cases:evidence": {"collector", "supervisor", "compliance"},
    "contacts:plan-agreement": DESK,
    "contacts:plan-agreement-file": READERS,
    "cases:money": READERS,
    "cases:as-of": READERS,
    "cases:reveal": {"collector", "supervisor", "compliance"},
    "contacts:call": DESK,
    "contacts:pause-call": DESK,
    "contacts:callback-reads": DESK,
    "contacts:quick-act": DESK,
    "contacts:undo": DESK,
    "contacts:log-call": DESK,
    "contacts:my-day": DESK,
    "contacts:my-day-rows": DESK,
    "contacts:take-break": DESK,
    "contacts:end-break": DESK,
    "contacts:mark-abusive": DESK,
    "contacts:answer-feedback": DESK,
    "contacts:team-day": {"supervisor"},
    "contacts:abuse-talked": {"supervisor"},
    "contacts:give-feedback": {"supervisor"},
    "contacts:verify": DESK,
    "contacts:stranger": DESK,
    "contacts:preparation": READERS,
    "contacts:cancel-call": DESK,
    "contacts:call-live": DESK,
    "contacts:hang-up": DESK,
    "contacts:why": READERS,
    "contacts:runs": LEADS,
    "contacts:run": LEADS,
    "contacts:run-night": {"admin"},
    "contacts:strategies": LEADS,
    "contacts:strategy-new": {"admin"},
    "contacts:strategy-import": {"admin"},
    "contacts:strategy-schema": LEADS,
    "contacts:strategy-edit": LEADS,
    "contacts:strategy-node": LEADS,
    "contacts:strategy-change": {"admin"},
    "contacts:strategy-counts": LEADS,
    "contacts:strategy-lints": LEADS,
    "contacts:strategy-case": LEADS,
    "contacts:strategy-compare": LEADS,
    "contacts:strategy-export": LEADS,
    "contacts:strategy-version": LEADS,
    "contacts:submit-strategy": {"admin"},
    "contacts:move-strategy": {"admin"},
    "contacts:decide-strategy": {"admin", "compliance"},
    "contacts:publish-strategy": {"admin"},
    "contacts:widen-strategy": {"admin"},
    "contacts:rehearsals": LEADS,
    "contacts:rehearsal": LEADS,
    "contacts:rehearsal-cases": LEADS,
    "contacts:stop-strategy": LEADS,
    "contacts:resume-strategy": {"admin"},
    "contacts:roll-back-strategy": LEADS,
    "contacts:strategy-alarm-seen": {"admin"},
    "contacts:facts": LEADS,
    "contacts:experiments": LEADS,
    "contacts:experiment": LEADS,
    "contacts:experiment-new": {"admin"},
    "contacts:experiment-begin": {"admin"},
    "contacts:experiment-end": {"admin"},
    "contacts:scripts": LEADS,
    "contacts:new-script": {"admin"},
    "contacts:script": LEADS,
    "contacts:write-script": {"admin"},
    "contacts:preview-script": {"admin"},
    "contacts:script-version": LEADS,
    "contacts:decide-script": {"admin", "compliance"},
    "contacts:call-said": DESK,
    "contacts:call-record": READERS,
    "contacts:templates": LEADS,
    "contacts:new-template": {"admin"},
    "contacts:template": LEADS,
    "contacts:write-wording": {"admin"},
    "contacts:preview-wording": {"admin"},
    "contacts:wording": LEADS,
    "contacts:decide-wording": {"admin", "compliance"},
    "contacts:wording-letter": LEADS,
    "contacts:test-wording": LEADS,
    "contacts:planned": LEADS,
    "contacts:uncertain": LEADS,
    "contacts:settle": {"supervisor"},
    "contacts:providers": LEADS,
    "contacts:change-provider": LEADS,
    "contacts:stops": LEADS,
    "contacts:lift-stop": LEADS,
    "contacts:inbox": READERS,
    "contacts:inbox-undo": DESK,
    "contacts:inbox-file": READERS,
    "contacts:inbox-seen": DESK,
    "contacts:inbox-assign": {"supervisor"},
    "contacts:write": DESK,
    "contacts:take-back": DESK,
    "contacts:count-text": DESK,
    "contacts:print-room": PRINTERS,
    "contacts:collect-letters": PRINTERS,
    "contacts:record-letters": PRINTERS,
    "contacts:print-batch": PRINTERS,
    "contacts:print-batch-file": PRINTERS,
    "contacts:print-batch-manifest": PRINTERS,
    "contacts:move-print-batch": PRINTERS,
    "contacts:withdraw-letter": PRINTERS,
    "contacts:seals": {"admin", "compliance"},
    "contacts:seal-picture": {"admin", "compliance"},
    "contacts:decide-seal": {"admin", "compliance"},
    "contacts:visit": DESK,
    "contacts:visit-file": DESK,
    "compliance:decisions": LEADS,
    "compliance:decision": READERS,
    "compliance:recompute": READERS,
    "compliance:packs": LEADS,
    "compliance:pack": LEADS,
    "compliance:compare": LEADS,
    "compliance:rule": LEADS,
    "compliance:releases": LEADS,
    "compliance:propose": {"compliance"},
    "compliance:release": LEADS,
    "compliance:approve": {"compliance"},
    "compliance:withdraw": {"compliance"},
    "contacts:correction": READERS,
    "contacts:refused": READERS,
    "contacts:legal-clocks": READERS,
    "contacts:legal-event": {"supervisor", "compliance"},
    "contacts:undo-legal-event": {"supervisor", "compliance"},
    "contacts:try-it": READERS,
    "contacts:watch": LEADS,
    "contacts:impact": {"compliance"},
}
REFUSED = (302, 403, 404, 405)
FITTING = {}  # route -> which arguments it takes, once one has found out


def routes(patterns=None, prefix=""):
    """Return every named route with its pattern, the Django administration and the style guide left out."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            if entry.namespace not in ("admin", "styleguide"):
                space = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
                yield from routes(entry.url_patterns, space)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{prefix}{entry.name}", entry


def test_every_route_says_who_may_open_it():
    named = {name for name, _ in routes() if not name.startswith(TOKEN)} - PUBLIC - {"styleguide", "styleguide:page"}
    assert named == set(ROUTES)


class World:
    """One team's case with everything that can hang on it, and somebody of each role in another team."""

    def __init__(self):
        theirs, mine = TeamFactory(code="theirs"), TeamFactory(code="mine")
        self.case = CaseFactory(working=True, team=theirs, person__name=MARKER, creditor__team=theirs)
        self.colleague = UserFactory(team=theirs)
        NoteFactory(case=self.case, text=f"spoke with {MARKER}")
        self.promise = PromiseFactory(case=self.case)
        self.hold = HoldFactory(case=self.case)
        self.instruction = InstructionFactory(person=self.case.person)
        self.consent = ConsentFactory(person=self.case.person)
        self.attempt = AttemptFactory(case=self.case, uncertain=True)
        self.planned = PlannedContactFactory(case=self.case)
        self.payment = PaymentFactory(creditor=self.case.creditor)
        self.run = NightRun.objects.create(creditor=self.case.creditor, business_date=NOW.date(), started_at=NOW)
        self.allocation = DistributionRun.objects.create(
            creditor=self.case.creditor, team=theirs, day=NOW.date(), asked_at=NOW
        )
        self.strategy = StrategyVersionFactory(creditors=[self.case.creditor])
        account = self.case.account
        self.correction = Correction.objects.create(
            account=account, person_id=account.person_id, creditor_id=account.creditor_id, case=self.case,
            kind="payment", amount=1, currency="CNY", effective_on=NOW.date(), recorded_at=NOW, recorded_by="x",
        )  # fmt: skip
        self.entry = ExclusionEntry.objects.create(
            case=self.case, person_id=self.case.person_id, creditor_id=self.case.creditor_id, purpose="new_credit",
            basis="contract", reason=MARKER, evidence="x", retain_until=NOW.date(), proposed_at=NOW,
        )  # fmt: skip
        self.approval = Approval.objects.create(
            kind="exclusion", subject_label="cases.exclusionentry", subject_id=self.entry.pk, case=self.case,
            person_id=self.case.person_id, creditor_id=self.case.creditor_id, reason=MARKER, role="supervisor",
            signatures=1, fingerprint="x", asked_at=NOW, asked_label="x",
        )  # fmt: skip
        self.people = {
            "collector": UserFactory(team=mine),
            "supervisor": UserFactory(team=mine, supervisor=True),
            "admin": UserFactory(admin=True),
            "compliance": UserFactory(compliance=True),
        }

    def url(self, name):
        """Return the address of a route, with the other team's rows in it."""
        decision = refs.encode("D", self.attempt.decision_id)
        other = {
            "contacts:correction": self.correction.ref,
            "contacts:settle": self.attempt.ref,
            **dict.fromkeys([name for name in ROUTES if name.startswith("cases:approval")], self.approval.ref),
            **dict.fromkeys([name for name in ROUTES if name.startswith("cases:exclusion")], self.entry.ref),
            "compliance:decision": decision,
            "compliance:recompute": decision,
        }
        given = (
            {},
            {"ref": other.get(name, self.case.ref)},
            {"ref": self.case.ref, "hold_id": self.hold.pk},
            {"ref": self.case.ref, "evidence_id": 1},
            {"ref": self.case.ref, "event_id": 1},
            {"ref": self.case.ref, "pk": 1},
            {"ref": self.case.ref, "document_id": 1},
            {"ref": self.case.ref, "instruction_id": self.instruction.pk},
            {"ref": self.case.ref, "consent_id": self.consent.pk},
            {"ref": self.case.ref, "visit": self.attempt.ref},
            {"ref": self.case.ref, "call": self.attempt.ref},
            {"ref": self.case.ref, "payment": refs.encode("P", self.payment.pk)},
            {"code": self.case.creditor.code, "day": NOW.date().isoformat(), "currency": "CNY"},
            {"line_id": self.payment.pk},
            {"action_id": self.attempt.pk},
            {"pk": self.payment.pk if name == "cases:allocate" else self.run.pk},
            {"run": self.allocation.ref},
            {"user_id": self.colleague.pk},
            {"name": "needs"},
            {"key": "opening"},
            {"pack_id": "CN-CBA-2026"},
            {"rule_id": "CN-TIME-CBA"},
            {"code": self.case.creditor.code},
        )
        for number in FITTING.get(name, range(len(given))):
            try:
                url = reverse(name, kwargs=given[number])
            except NoReverseMatch:
                continue
            FITTING[name] = (number,)
            return url
        raise AssertionError(f"{name}: no arguments fit")


@pytest.fixture
def world():
    return World()


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_signing_in_nothing_opens(world, method):
    for name in ROUTES:
        answer = getattr(Client(), method)(world.url(name))
        assert answer.status_code in REFUSED, name
        if answer.status_code == 302:
            assert answer["Location"].startswith("/sign-in/"), name


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_a_role_opens_what_is_its_own_and_nothing_else(world, role):
    client, opened = signed_in(world.people[role]), {}
    for name in ROUTES:
        if name == "logout":
            continue
        statuses = {getattr(client, method)(world.url(name)).status_code for method in ("get", "post")}
        opened[name] = not statuses <= {403, 404, 405}
    wrongly = [name for name, is_open in opened.items() if is_open and role not in ROUTES[name]]
    assert wrongly == []


@pytest.mark.parametrize("role", ["collector", "supervisor"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_another_teams_rows_are_not_there(world, role, method):
    client = signed_in(world.people[role])
    for name in ROUTES:
        if name == "logout":
            continue
        url = world.url(name)
        answer = getattr(client, method)(url)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert MARKER not in body.decode("utf-8", "replace"), name
        assert world.case.point.address.value_last4 not in body.decode("utf-8", "replace"), name
        if world.case.ref in url:
            assert answer.status_code in (403, 404, 405), name


def test_the_same_pages_do_show_them_to_their_own_team(world):
    owner = UserFactory(team=world.case.team, supervisor=True)
    body = signed_in(owner).get(reverse("cases:case", args=[world.case.ref])).content.decode()
    assert MARKER in body


def test_somebody_deactivated_is_out_with_the_next_request(world):
    owner = UserFactory(team=world.case.team)
    client, url = signed_in(owner), reverse("cases:case", args=[world.case.ref])
    assert client.get(url).status_code == 200
    owner.is_active = False
    owner.save()
    assert client.get(url).status_code == 302


def test_somebody_without_a_team_sees_no_case(world):
    nobody = UserFactory(team=None)
    assert signed_in(nobody).get(reverse("cases:case", args=[world.case.ref])).status_code == 404
