"""Who may grant what, and that nobody grants it to himself: limits, signatures, and the rules PostgreSQL keeps."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from cases import approvals, authority
from cases.approvals import ApprovalRefused
from cases.authority import AuthorityRefused, Need, Part
from cases.models import Approval, ApprovalSignature, AuthorityLimit, Promise
from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import AuditEvent
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CaseFactory, PromiseFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db


def limit(kind="waiver", role="supervisor", amount="1000.00", **with_):
    return AuthorityLimit.objects.create(
        kind=kind,
        role=role,
        max_amount=None if amount is None else Decimal(amount),
        **{"currency": "CNY", "in_force_from": NOW - timedelta(days=400), "signatures": 1, **with_},
    )


@pytest.fixture
def done(monkeypatch):
    """A kind of approval about promises that remembers what was called."""
    called = []

    def note(name):
        return lambda *, approval, subject, actor, at, **rest: called.append((name, subject.pk, rest.get("reason")))

    monkeypatch.setattr(approvals, "_kinds", dict(approvals._kinds))
    approvals.register(
        "waiver",
        title="Test",
        facts=lambda subject, *, at: (),
        on_approved=note("approved"),
        on_refused=note("refused"),
    )
    return called


@pytest.fixture
def people(team):
    return [Actor.of(UserFactory(supervisor=True, team=team)) for _ in range(3)]


@pytest.fixture
def team():
    from tests.factories.staff import TeamFactory

    return TeamFactory()


def ask(subject, actor, *, amount="100.00", signatures=1, role="supervisor", at=NOW, parts=(), percent=None):
    return approvals.ask(
        kind="waiver",
        subject=subject,
        amount=Decimal(amount),
        currency="CNY",
        percent=percent,
        reason="lost his job",
        signatures=signatures,
        role=role,
        parts=parts,
        actor=actor,
        at=at,
    )


def refuses(code, call, *args, **kwargs):
    with pytest.raises((ApprovalRefused, AuthorityRefused)) as refused:
        call(*args, **kwargs)
    assert refused.value.code == code
    assert "%(" not in str(refused.value)


def test_one_signature_of_another_person_does_what_was_asked(done, people, at):
    promise = PromiseFactory()
    approval = ask(promise, people[0])
    assert (approval.status, done) == ("pending", [])
    approvals.decide(approval_id=approval.pk, approve=True, actor=people[1], at=at)
    approval.refresh_from_db()
    assert (approval.status, done) == ("approved", [("approved", promise.pk, None)])
    names = list(AuditEvent.objects.filter(name__startswith="approval.").order_by("pk").values_list("name", flat=True))
    assert names == ["approval.asked", "approval.signed", "approval.granted"]


def test_nobody_approves_what_he_asked_for_himself(done, people, at):
    approval = ask(PromiseFactory(), people[0])
    refuses("own", approvals.decide, approval_id=approval.pk, approve=True, actor=people[0], at=at)
    refuses("own", approvals.decide, approval_id=approval.pk, approve=False, reason="no", actor=people[0], at=at)
    assert done == []


def test_two_signatures_are_of_two_persons(done, people, at):
    approval = ask(PromiseFactory(), people[0], signatures=2)
    approvals.decide(approval_id=approval.pk, approve=True, actor=people[1], at=at)
    refuses("signed-already", approvals.decide, approval_id=approval.pk, approve=True, actor=people[1], at=at)
    assert (Approval.objects.get().status, done) == ("pending", [])
    approvals.decide(approval_id=approval.pk, approve=True, actor=people[2], at=at)
    assert (Approval.objects.get().status, len(done)) == ("approved", 1)


def test_a_collector_does_not_sign_for_a_supervisor_and_nobody_but_a_person_signs(done, people, team, at):
    approval = ask(PromiseFactory(), people[0])
    collector = Actor.of(UserFactory(team=team))
    refuses("role", approvals.decide, approval_id=approval.pk, approve=True, actor=collector, at=at)
    refuses("nobody", approvals.decide, approval_id=approval.pk, approve=True, actor=SYSTEM, at=at)
    admin = Actor.of(UserFactory(admin=True))
    refuses("role", approvals.decide, approval_id=approval.pk, approve=True, actor=admin, at=at)
    assert done == []


def test_one_refusal_ends_it_and_says_why(done, people, at):
    approval = ask(PromiseFactory(), people[0], signatures=2)
    refuses("no-reason", approvals.decide, approval_id=approval.pk, approve=False, reason=" ", actor=people[1], at=at)
    approvals.decide(approval_id=approval.pk, approve=False, reason="too much", actor=people[1], at=at)
    approval.refresh_from_db()
    assert (approval.status, approval.ended_reason) == ("refused", "too much")
    assert [(name, reason) for name, _, reason in done] == [("refused", "too much")]
    refuses("over", approvals.decide, approval_id=approval.pk, approve=True, actor=people[2], at=at)


def test_what_changed_since_it_was_asked_is_refused_as_out_of_date(done, people, at):
    promise = PromiseFactory()
    approval = ask(promise, people[0])
    Promise.objects.filter(pk=promise.pk).update(amount=promise.amount + 1)
    refuses("stale", approvals.decide, approval_id=approval.pk, approve=True, actor=people[1], at=at)
    approval.refresh_from_db()
    assert (approval.status, ApprovalSignature.objects.count()) == ("stale", 0)
    assert [name for name, _, _ in done] == ["refused"]


def test_whoever_asked_takes_it_back_and_nobody_else(done, people, at):
    approval = ask(PromiseFactory(), people[0])
    refuses("not-yours", approvals.withdraw, approval_id=approval.pk, reason="mistake", actor=people[1], at=at)
    approvals.withdraw(approval_id=approval.pk, reason="mistake", actor=people[0], at=at)
    assert Approval.objects.get().status == "withdrawn"
    refuses("over", approvals.withdraw, approval_id=approval.pk, reason="again", actor=people[0], at=at)


def test_a_subject_waits_once(done, people):
    promise = PromiseFactory()
    ask(promise, people[0])
    refuses("waiting", ask, promise, people[1])
    again = Approval.objects.get()
    again.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        again.save(force_insert=True)


def test_without_need_of_a_signature_it_is_done_at_once(done, people):
    approval = ask(PromiseFactory(), people[0], signatures=0)
    assert (approval.status, len(done)) == ("approved", 1)


def raw(sql, *params):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_the_database_refuses_a_signature_of_ones_own_and_an_approval_without(done, people, at):
    approval = ask(PromiseFactory(), people[0])
    sign = (
        "INSERT INTO cases_approvalsignature (approval_id, signed_by_id, signed_at, role, is_approving, reason)"
        " VALUES (%s, %s, %s, 'supervisor', true, '')"
    )
    with pytest.raises(DatabaseError, match="asked for himself"):
        raw(sign, approval.pk, people[0].id, at)
    approve = "UPDATE cases_approval SET status = 'approved', ended_at = now() WHERE id = %s"
    with pytest.raises(DatabaseError, match="lacks a signature"):
        raw(approve, approval.pk)
    with pytest.raises(DatabaseError, match="stays as it was"):
        raw("UPDATE cases_approval SET signatures = 0 WHERE id = %s", approval.pk)
    raw(sign, approval.pk, people[1].id, at)
    raw(approve, approval.pk)
    with pytest.raises(DatabaseError, match="takes no signature"):
        raw(sign, approval.pk, people[2].id, at)
    with pytest.raises(DatabaseError, match="only grows"):
        raw("DELETE FROM cases_approvalsignature WHERE approval_id = %s", approval.pk)


# -- limits -------------------------------------------------------------------------------------------------------


def need(amount, *, kind="waiver", **with_):
    return authority.needed(kind, Decimal(amount), "CNY", **with_)


def test_where_nobody_wrote_a_limit_two_supervisors_sign_for_what_is_given_up():
    assert need("1.00") == Need("supervisor", 2)
    assert need("1.00", kind="plan") == Need("supervisor", 1)


def test_limits_by_amount_ask_for_the_least_that_suffices():
    limit(role="collector", amount="200.00", signatures=0)
    limit(role="supervisor", amount="2000.00", signatures=1)
    limit(role="supervisor", amount="20000.00", signatures=2)
    assert need("200.00") == Need("collector", 0)
    assert need("200.01") == Need("supervisor", 1)
    assert need("2000.01") == Need("supervisor", 2)
    refuses("beyond", need, "20000.01")


def test_an_own_authority_of_a_supervisor_is_a_signature_for_a_collector():
    limit(role="supervisor", amount="500.00", signatures=0)
    assert need("500.00", asker="supervisor") == Need("supervisor", 0)
    assert need("500.00", asker="collector") == Need("supervisor", 1)


def test_limits_by_percent_component_product_and_time(at):
    account = AccountFactory()
    limit(amount=None, max_percent=Decimal("30.00"))
    limit(amount=None, max_percent=Decimal("60.00"), signatures=2)
    limit(amount="50.00", component="principal")
    limit(amount="9000.00", product=account.product)
    assert need("1.00", percent=Decimal("30.00")).signatures == 1
    assert need("1.00", percent=Decimal("30.01")).signatures == 2
    refuses("beyond-percent", need, "1.00", percent=Decimal("60.01"))
    refuses("beyond", need, "50.01", component="principal")
    assert need("9000.00", product=account.product) == Need("supervisor", 1)
    refuses("beyond", need, "9000.01", product=account.product)
    AuthorityLimit.objects.filter(product=account.product).update(ended_at=at)
    assert need("9000.01", product=account.product, at=at) == Need("supervisor", 1)
    refuses("beyond", need, "9000.01", product=account.product, at=at - timedelta(days=1))


def part(account, amount, component="fee"):
    return Part(account.pk, component, Decimal(amount), Decimal("500.00"))


def split_case():
    case = CaseFactory()
    other = AccountFactory(person=case.person, product=case.account.product, borrower=case.borrower)
    return case, case.account, other


def test_two_slices_count_together_across_accounts_components_and_kinds(done, people, at):
    limit(role="collector", amount="200.00", signatures=0)
    limit(kind="settlement", role="collector", amount="200.00", signatures=0)
    limit(role="supervisor", amount="2000.00", signatures=1)
    limit(kind="settlement", role="supervisor", amount="2000.00", signatures=1)
    case, first, second = split_case()
    promise = PromiseFactory(case=case)
    slice_one = ask(promise, people[0], amount="150.00", signatures=0, role="collector", parts=[part(first, "150.00")])
    assert slice_one.status == "approved"
    later = at + timedelta(days=29)
    for kind in ("waiver", "settlement"):
        asked = authority.needed_for(
            kind, [part(second, "50.01", "penalty")], "CNY", person_id=case.person_id, at=later
        )
        assert asked == Need("supervisor", 1)
        exactly = authority.needed_for(
            kind, [part(second, "50.00", "penalty")], "CNY", person_id=case.person_id, at=later
        )
        assert exactly == Need("collector", 0)
    after = authority.needed_for(
        "waiver", [part(second, "200.00")], "CNY", person_id=case.person_id, at=NOW + timedelta(days=30)
    )
    assert after == Need("collector", 0)
    somebody_else = CaseFactory()
    free = authority.needed_for(
        "waiver", [part(somebody_else.account, "200.00")], "CNY", person_id=somebody_else.person_id, at=later
    )
    assert free == Need("collector", 0)


def test_what_waits_counts_as_granted_and_what_lapsed_does_not(done, people, at):
    limit(role="collector", amount="200.00", signatures=0)
    limit(role="supervisor", amount="2000.00", signatures=1)
    case, first, second = split_case()
    promise = PromiseFactory(case=case)
    waiting = ask(promise, people[0], amount="300.00", parts=[part(first, "300.00")])
    assert waiting.status == "pending"

    def other():
        return authority.needed_for("waiver", [part(second, "100.00")], "CNY", person_id=case.person_id, at=at)

    assert other() == Need("supervisor", 1)
    approvals.close(subject=promise, reason="given up", actor=SYSTEM, at=at)
    assert (Approval.objects.get().status, other()) == ("withdrawn", Need("collector", 0))


def test_what_was_granted_meanwhile_asks_for_another_signature(done, people, at):
    limit(amount="1000.00", signatures=1)
    limit(amount="5000.00", signatures=2)
    case, first, second = split_case()
    one, two = PromiseFactory(case=case, kept=True), PromiseFactory(case=case)
    early = ask(one, people[0], amount="900.00", parts=[part(first, "900.00")])
    assert early.signatures == 1
    late = ask(two, people[0], amount="900.00", parts=[part(second, "900.00")])
    assert late.signatures == 2
    approvals.decide(approval_id=early.pk, approve=True, actor=people[1], at=at)
    early.refresh_from_db()
    assert (early.status, early.signatures) == ("pending", 2)
