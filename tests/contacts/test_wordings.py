"""Wordings: by place and variant, with the clauses of their readers' places, decided by a second person."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from collections_app.shared.actor import SYSTEM
from compliance import packs_loader
from compliance.models import AuditEvent, Decision
from contacts import dispatch, rendering, wording_results, wording_rules, wordings
from contacts.dispatch import claims, clearing, handover
from contacts.models import ContactAttempt, Letterhead, Template, TemplateVersion
from contacts.strategy import shipped
from contacts.wording_rules import Kind, Place
from contacts.wordings import WordingRefused
from tests.contacts.conftest import LETTER, TEN
from tests.factories.cases import (
    AccountFactory,
    AddressFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    PersonFactory,
    ProductFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory, StepFactory, TemplateFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SMS = "{{ creditor_name }}: {{ amount_due }} is past due. {{ opt_out }}"
US = "This is an attempt to collect a debt by a debt collector; any information obtained will be used for that purpose."


@pytest.fixture
def writer():
    return UserFactory(admin=True)


@pytest.fixture
def second():
    return UserFactory(admin=True)


def template(channel="sms", **more) -> Template:
    return TemplateFactory(channel=channel, versions=False, **more)


def draft(of: Template, body: str, *, by, **slot) -> TemplateVersion:
    return wordings.write(template_id=of.pk, language="en", body=body, by=by, at=NOW, **slot)


def lives(creditor, jurisdiction: str) -> None:
    person = PersonFactory(jurisdiction=jurisdiction)
    AccountFactory(product=ProductFactory(creditor=creditor), person=person)
    CaseFactory(creditor=creditor, person=person)


# -- Clauses ---------------------------------------------------------------------------------------------------------


def lacks(
    body: str, place: str, *, channel="sms", content_class="reminder", product="credit_card", kind="bank", by="creditor"
):
    asked = Kind(channel, "collection", content_class)
    places = [Place(place, product, kind, by)]
    return {(one.clause, one.rule) for one in wording_rules.lacking("", body, kind=asked, places=places, at=NOW)}


@pytest.mark.parametrize(
    ("place", "body", "missing"),
    [
        ("US-WA", "Pay, please.", {
            ("opt_out", "US-F-EOPTOUT-NOTICE"), ("institution", "US-F-DISCLOSE"), ("disclosure", "US-F-DISCLOSE"),
        }),
        ("US-WA", SMS, {("disclosure", "US-F-DISCLOSE")}),
        ("US-WA", f"{SMS} {US}", set()),
        ("CN", "请还款。", {("institution", "CN-ID")}),
        ("CN", "【{{ creditor_name }}】请还款。", set()),
        ("HK", "Pay, please.", {("institution", "HK-ID")}),
        ("GB", "Pay, please.", set()),
    ],
)  # fmt: skip
def test_a_text_message_needs_what_its_place_asks_for(place, body, missing):
    assert lacks(body, place) == missing


def test_a_letter_to_mainland_china_has_all_its_parts():
    missing = lacks("请还款。", "CN", channel="letter")
    parts = {"name", "balance", "reason", "law", "rights", "contact", "seal", "objection", "method"}
    assert missing == {(part, "CN-LETTER") for part in parts} | {("institution", "CN-ID")}
    letter = next(one for one in shipped.read_templates() if one["channel"] == "letter")
    sealed = [one for one in letter["version"] if one.get("jurisdiction") == "CN"]
    whole = next(one["body"] for one in sealed if one["language"] == "zh-hans")
    assert lacks(whole, "CN", channel="letter") == set()
    assert lacks(whole.replace("{{ seal }}", ""), "CN", channel="letter") == {("seal", "CN-LETTER")}


def test_a_recorded_notice_announces_the_recording():
    assert lacks("{{ creditor_name }}", "GR", channel="voice_notice") == {("recording", "GR-RECORD-ANNOUNCE")}
    assert lacks("{{ creditor_name }}. This call is recorded.", "GR", channel="voice_notice") == set()


@pytest.mark.parametrize(
    ("place", "content_class", "by", "rule", "some"),
    [
        ("US-WA", "validation_notice", "agency", "US-F-VALIDATION", {"original_creditor", "account"}),
        ("TW", "agency_notice", "agency", "TW-NOTICE", {"agency", "recordings_kept", "conduct"}),
        ("KR", "collection_notice", "creditor", "KR-START", {"amount", "date", "method", "contact"}),
        ("CN", "collection_notice", "creditor", "CN-LIM-DEMAND", {"amount", "date"}),
    ],
)  # fmt: skip
def test_a_notice_has_the_parts_that_its_rule_names(place, content_class, by, rule, some):
    found = lacks("x", place, channel="letter", content_class=content_class, by=by)
    assert some <= {clause for clause, asks in found if asks == rule}
    suggested = " ".join(
        wording_rules.Lack(clause, rule, "", Place(place), "").suggestion("en") for clause, _rule in found
    )
    assert lacks(suggested, place, channel="letter", content_class=content_class, by=by) == set()


def test_every_rule_that_the_data_names_is_in_its_pack_and_every_clause_exists():
    for entry in wording_rules.asked():
        assert entry["rule"] in {rule.id for rule in packs_loader.get(entry["pack"]).rules}
        for clause in entry["clauses"]:
            assert wording_rules.label(clause)


def test_every_part_that_a_pack_asks_of_a_letter_can_be_recognised():
    asked = {
        part
        for pack in packs_loader.all_packs()
        for rule in pack.rules
        if rule.check == "letter_complete"
        for version in rule.versions
        for part in version.params["required"]
    }
    assert asked == {"name", "balance", "reason", "law", "rights", "bank_contact", "seal", "objection"}
    held = wording_rules.content_of("", "x", channel="letter", purpose="collection")
    assert held["letter_fields"] == ()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_suggestion_is_its_own_clause_and_can_be_kept(language):
    for clause in (entry["id"] for entry in wording_rules._read()["clause"]):
        words = wording_rules.Lack(clause, "", "", Place("CN"), "").suggestion(language)
        wordings.check("s", words, channel="letter")
        assert clause in wording_rules.clauses_of("", words)


def test_the_shipped_wordings_can_be_approved_wherever_a_pack_holds():
    places = {code for pack in packs_loader.all_packs() for code in pack.jurisdictions}
    assert len(places) > 20
    for entry in shipped.read_templates():
        kind = Kind(entry["channel"], entry["purpose"], entry["content_class"])
        own = {one["jurisdiction"] for one in entry["version"] if "jurisdiction" in one}
        for one in entry["version"]:
            here = one.get("jurisdiction")
            readers = [
                Place(place, "credit_card", "bank", "creditor")
                for place in places
                if (wording_rules.within(place, here) if here else not any(wording_rules.within(place, o) for o in own))
            ]
            found = wording_rules.lacking(one.get("subject", ""), one["body"], kind=kind, places=readers, at=NOW)
            assert wordings.in_words(found) == "", entry["code"]


# -- Deciding --------------------------------------------------------------------------------------------------------


def test_a_wording_without_the_clauses_of_its_readers_place_cannot_be_approved(writer, second):
    creditor = CreditorFactory(kind="bank")
    lives(creditor, "US-WA")
    version = draft(template(creditor=creditor), SMS, by=writer)
    with pytest.raises(WordingRefused) as refused:
        wordings.approve(version_id=version.pk, by=second, at=NOW)
    assert refused.value.code == "lacks"
    for part in ("that a debt is being collected", "Washington", "US-F-DISCLOSE", "12 CFR 1006.18(e)"):
        assert part in str(refused.value)
    version = draft(version.template, f"{SMS} {US}", by=writer)
    assert wordings.approve(version_id=version.pk, by=second, at=NOW).status == "approved"


def test_another_creditors_borrowers_ask_for_nothing(writer, second):
    creditor = CreditorFactory(kind="bank")
    lives(CreditorFactory(kind="bank"), "US-WA")
    version = draft(template(creditor=creditor), SMS, by=writer)
    assert wordings.approve(version_id=version.pk, by=second, at=NOW).status == "approved"


def test_a_wording_for_every_place_leaves_out_the_places_that_have_their_own(writer, second):
    creditor = CreditorFactory(kind="bank")
    lives(creditor, "US-WA")
    lives(creditor, "GB")
    of = template(creditor=creditor)
    general = draft(of, SMS, by=writer)
    assert {place.jurisdiction for place in wordings.places_for(general)} == {"US-WA", "GB"}
    own = draft(of, f"{SMS} {US}", by=writer, jurisdiction="US")
    wordings.approve(version_id=own.pk, by=second, at=NOW)
    assert {place.jurisdiction for place in wordings.places_for(general)} == {"GB"}
    assert wordings.approve(version_id=general.pk, by=second, at=NOW).status == "approved"


def test_nobody_decides_about_his_own_wording(writer, second):
    version = draft(template(), SMS, by=writer)
    for verb in (
        lambda: wordings.approve(version_id=version.pk, by=writer, at=NOW),
        lambda: wordings.refuse(version_id=version.pk, reason="no", by=writer, at=NOW),
    ):
        with pytest.raises(WordingRefused) as refused:
            verb()
        assert refused.value.code == "own"
    with pytest.raises(IntegrityError, match="wording_is_refused_by_somebody_else"), transaction.atomic():
        TemplateVersion.objects.filter(pk=version.pk).update(refused_by=writer)


def test_a_refusal_says_why_and_the_next_draft_is_the_next_version(writer, second):
    version = draft(template(), SMS, by=writer)
    with pytest.raises(WordingRefused) as refused:
        wordings.refuse(version_id=version.pk, reason=" ", by=second, at=NOW)
    assert refused.value.code == "no-reason"
    version = wordings.refuse(version_id=version.pk, reason="too long", by=second, at=NOW)
    assert (version.status, version.reason, version.refused_by) == ("refused", "too long", second)
    again = draft(version.template, SMS + " Thanks.", by=writer)
    assert (again.pk != version.pk, again.version) == (True, 2)
    assert list(AuditEvent.objects.order_by("pk").values_list("name", flat=True)) == [
        "template.written", "template.refused", "template.written",
    ]  # fmt: skip


def test_a_draft_that_is_written_again_is_the_same_draft(writer, second):
    version = draft(template(), SMS, by=writer)
    again = draft(version.template, SMS + " Thanks.", by=second)
    assert (again.pk, again.version, again.written_by) == (version.pk, 1, second)
    assert draft(version.template, SMS, by=writer, variant="B").pk != version.pk


@pytest.mark.parametrize("change", [{"body": "other"}, {"weight": 5}, {"jurisdiction": "GB"}, {"status": "draft"}])
def test_the_database_keeps_what_was_decided_about(writer, second, change):
    version = draft(template(), SMS, by=writer)
    TemplateVersion.objects.filter(pk=version.pk).update(body=f"{SMS} Thanks.", weight=2)  # a draft may change
    wordings.approve(version_id=version.pk, by=second, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        TemplateVersion.objects.filter(pk=version.pk).update(**change)


def test_what_may_not_be_said_is_not_even_kept(writer):
    of = template()
    for body, code in (("Pay or you will be arrested.", "forbidden"), ("{{ nothing }}", "unknown-variable")):
        with pytest.raises((WordingRefused, rendering.RenderingRefused)) as refused:
            draft(of, body, by=writer)
        assert refused.value.code == code
    assert not of.versions.exists()


# -- Choosing --------------------------------------------------------------------------------------------------------


def made(language="en", jurisdiction="", variant="A", weight=1, pk=0):
    return TemplateVersion(language=language, jurisdiction=jurisdiction, variant=variant, weight=weight, pk=pk)


@pytest.mark.parametrize(
    ("language", "places", "chosen"),
    [
        ("en", ("US-WA",), "en US-WA"), ("en", ("US-CA",), "en US"), ("en", ("GB",), "en"), ("en", (), "en"),
        ("zh-hans", ("US-WA",), "zh-hans"), ("zh-hant", ("TW",), "zh-hans"), ("fr", ("US-WA",), "en US-WA"),
        ("en", ("US-CA", "US-WA"), "en US"), ("en", ("GB", "US-WA"), "en"), ("en", ("US-WA-X",), "en US-WA"),
    ],
)  # fmt: skip
def test_the_wording_is_of_the_readers_language_and_then_of_the_smallest_place(language, places, chosen):
    approved = [made(), made(jurisdiction="US"), made(jurisdiction="US-WA"), made("zh-hans")]
    found = wordings.chosen(approved, language=language, jurisdictions=places, of="x")
    assert f"{found.language} {found.jurisdiction}".strip() == chosen


def draw(variants, of):
    return [wordings.chosen(variants, language="en", jurisdictions=(), of=f"{of}/{n}").variant for n in range(4000)]


def test_variants_share_by_their_weights_and_a_name_draws_the_same_one_always():
    variants = [made(variant="A", weight=3), made(variant="B", weight=1)]
    drawn = draw(variants, 7)
    counts = Counter(drawn)
    assert 2850 < counts["A"] < 3150
    turned = [
        wordings.chosen(variants[::-1], language="en", jurisdictions=(), of=f"7/{n}").variant for n in range(4000)
    ]
    assert turned == drawn
    other = [wordings.chosen(variants, language="en", jurisdictions=(), of=f"8/{n}").variant for n in range(4000)]
    assert other != drawn  # one template's draw says nothing about another's


def test_there_is_no_wording_where_none_is_approved():
    assert wordings.chosen([], language="en", jurisdictions=("US",), of="x") is None
    assert wordings.chosen([made("zh-hans")], language="en", jurisdictions=(), of="x") is None


# -- Sending ---------------------------------------------------------------------------------------------------------


def run(now):
    return dispatch.run(channel="sms", limit=50, budget_s=10, now=now)


def with_wording(plan, body):
    return plan(step=StepFactory(template=TemplateFactory(versions={"zh-hans": body})))


def test_the_gate_itself_refuses_a_wording_that_does_not_say_who_writes(carrier, plan, now):
    now.at = TEN
    planned = with_wording(plan, "请还款{{ amount_due }}。")
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code, carrier.messages()) == ("withheld", "CN-ID", [])
    decision = Decision.objects.get()
    assert (decision.verdict, decision.question["identity_stated"]) == ("refuse", False)


def test_the_same_with_the_name_of_the_institution_leaves(carrier, plan, now):
    planned = with_wording(plan, "【{{ creditor_name }}】请还款{{ amount_due }}。")
    assert run(now) == {"sent": 1}
    assert ContactAttempt.objects.get(planned=planned).decision.question["identity_stated"] is True


@pytest.mark.parametrize(
    ("body", "reason"),
    [("{{ creditor_name }}：{{ amount_due }}{{ due_date }}", "wording-lacks-a-part"), (LETTER["zh-hans"], "no-seal")],
)
def test_a_letter_that_lacks_a_part_of_its_place_waits(plan, now, tmp_path, settings, body, reason):
    settings.MEDIA_ROOT = tmp_path
    step = StepFactory(template=TemplateFactory(channel="letter", versions={"zh-hans": body}))
    planned = plan(step=step, case_with={"creditor__phone": "95500"})
    address = AddressFactory(kind="postal", value="1 Road")
    ContactPointFactory(person=planned.person, kind="postal", address=address)
    dispatch.run(channel="letter", limit=5, budget_s=10, now=now)
    planned.refresh_from_db()
    assert planned.reason_code == reason  # the whole letter waits for what is no matter of words
    assert reason == "no-seal" or not Decision.objects.exists()


def test_a_wording_that_threatens_never_leaves_even_if_somebody_put_it_in_the_database(carrier, plan, now):
    planned = with_wording(plan, "【{{ creditor_name }}】不还款将被拘留。")
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code, carrier.messages()) == ("withheld", "CN-FALSE", [])


def test_a_wording_taken_out_of_use_between_permit_and_hand_over_does_not_leave(carrier, plan, now):
    planned = plan()
    (claim,) = claims.claim_due(channel="sms", limit=1, at=TEN)
    cleared = clearing.clear(claim, now=now)
    assert cleared is not None
    wordings.retire(version_id=cleared.wording_id, actor=SYSTEM, at=TEN, reason="wrong")
    assert handover.hand_over(cleared, now=now) == "withheld"
    planned.refresh_from_db()
    assert (planned.reason_code, carrier.messages()) == ("no-approved-wording", [])


def test_values_of_letterhead_and_promise_are_put_in(carrier, plan, now):
    names = ("creditor_address", "complaint_line", "agency_name", "payment_methods", "legal_basis", "recordings_kept")
    body = " | ".join(f"{{{{ {name} }}}}" for name in (*names, "payment_link", "promise_amount", "account_count"))
    planned = with_wording(plan, "{{ creditor_name }} " + body)
    Letterhead.objects.create(
        creditor=planned.creditor,
        payment_url="https://pay.example.com/?r={reference}",
        **{name.removeprefix("creditor_"): name.upper() for name in names},
    )
    PromiseFactory(case=planned.case, amount="120.00")
    assert run(now) == {"sent": 1}
    (message,) = carrier.messages()
    assert message.text == (
        f"{planned.creditor.name} CREDITOR_ADDRESS | COMPLAINT_LINE | AGENCY_NAME | PAYMENT_METHODS | LEGAL_BASIS"
        f" | RECORDINGS_KEPT | https://pay.example.com/?r={planned.case.ref} | ¥120.00 | 1"
    )


def test_without_a_letterhead_a_wording_that_needs_one_waits(carrier, plan, now):
    planned = with_wording(plan, "{{ creditor_name }} {{ complaint_line }}")
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "missing-value")


# -- Results ---------------------------------------------------------------------------------------------------------


def test_results_are_counted_by_variant(writer):
    of = template()
    one, two = draft(of, SMS, by=writer), draft(of, SMS, by=writer, variant="B")
    case = CaseFactory(at=TEN)
    ContactPointFactory(person=case.person)
    for version in (one, one, two):
        AttemptFactory(case=case, to="sent", channel="sms", template_version=version, at=NOW - timedelta(days=30))
    PromiseFactory(case=case, made_at=NOW - timedelta(days=29))
    found = wording_results.of([one.pk, two.pk], at=NOW)
    assert {pk: (row.sent, row.promised, row.paid) for pk, row in found.items()} == {
        one.pk: (2, 2, 0), two.pk: (1, 1, 0),
    }  # fmt: skip
    assert wording_results.of([one.pk], at=NOW + timedelta(days=90)) == {}
