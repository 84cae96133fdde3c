"""Which script a call reads: the most specific one that fits, filled with the case, with what the rules demand."""

from datetime import UTC, datetime

import pytest

from cases.models import Case
from collections_app.shared.actor import Actor
from compliance import packs_loader
from contacts import calls
from contacts.models import ContactAttempt, Letterhead
from contacts.scripts import binding, choosing, conditions, notation, shipped
from contacts.scripts.conditions import Situation
from contacts.scripts.shipped import Source
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    CreditorFactory,
    PersonFactory,
    ProductFactory,
)
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
NOON_IN_NEW_YORK = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)


def called(case: Case, *, at: datetime = NOON) -> ContactAttempt:
    """Return a call about this case that the gate has permitted."""
    user = UserFactory(team=case.team)
    calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=Actor.of(user), at=at)
    rows = ContactAttempt.objects.select_related("case__person", "case__creditor", "decision")
    return rows.get(case=case, status="cleared")


def read(case: Case, *, confirmed: bool = True, at: datetime = NOON, language: str = "") -> choosing.Shown:
    attempt = called(case, at=at)
    return choosing.for_case(attempt.case, attempt, language, confirmed=confirmed, at=at)


def source(key: str, *, version: int = 0, stage: str = "talk", **when: list[str]) -> Source:
    return Source(key, stage, key, "en", version, {name: tuple(values) for name, values in when.items()}, "say: x")


def order(found: list[Source], **situation) -> list[str]:
    return [one.key for one in choosing.ranked(found, Situation(**situation))]


# -- The order -----------------------------------------------------------------------------------------------------


def test_more_conditions_win_then_the_smaller_place_then_the_name_in_order():
    found = [
        source("all"),
        source("us", jurisdiction=["US"]),
        source("ca", jurisdiction=["US-CA"]),
        source("ill", reason=["illness"]),
        source("card", product=["credit_card"]),
        source("us-ill", jurisdiction=["US"], reason=["illness"]),
        source("us-card", jurisdiction=["US"], product=["credit_card"]),
        source("cn", jurisdiction=["CN"]),
    ]
    known = {"jurisdictions": ("US-CA",), "reason": "illness", "products": ("credit_card",)}
    assert order(found, **known) == ["us-ill", "us-card", "ca", "us", "ill", "card", "all"]
    assert order(list(reversed(found)), **known) == ["us-ill", "us-card", "ca", "us", "ill", "card", "all"]


def test_at_equal_weight_the_firms_own_wins_and_then_the_key():
    found = [source("a"), source("c", version=3), source("b", version=1)]
    assert order(found) == ["b", "c", "a"]


def test_who_may_be_in_two_places_gets_what_is_for_both():
    found = [source("all"), source("us", jurisdiction=["US"]), source("ca", jurisdiction=["US-CA"])]
    assert order(found, jurisdictions=("US-CA", "US-NY")) == ["us", "all"]
    assert order(found, jurisdictions=("CN", "US-CA")) == ["all"]
    assert order(found, jurisdictions=()) == ["all"]


def test_a_case_of_two_products_gets_no_script_of_one_of_them():
    found = [source("all"), source("card", product=["credit_card"]), source("x", product=["credit_card", "car_loan"])]
    assert order(found, products=("car_loan", "credit_card")) == ["x", "all"]
    assert order(found, products=("credit_card",)) == ["card", "x", "all"]


@pytest.mark.parametrize(
    ("when", "code"), [({"weather": ["rain"]}, "unknown-name"), ({"reason": ["rain"]}, "unknown-value")]
)
def test_a_condition_that_nobody_knows_is_refused(when, code):
    with pytest.raises(conditions.ConditionRefused) as refused:
        conditions.check(when)
    assert refused.value.code == code
    assert conditions.check({"reason": ["illness", "illness"]}) == {"reason": ["illness"]}


# -- What ships ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("stage", ["opening", "talk"])
def test_every_installed_place_has_a_script_in_both_languages(language, stage):
    places = sorted({code for pack in packs_loader.all_packs() for code in pack.jurisdictions})
    assert len(places) > 20
    for place in [*places, "ZZ"]:
        found = choosing.candidates((), stage=stage, language=language)
        assert choosing.ranked(found, Situation(jurisdictions=(place,))), place
    first = {place: choosing.ranked(found, Situation(jurisdictions=(place,)))[0].key for place in ("CN", "GB", "ZZ")}
    assert first == (
        {"CN": "cn-opening", "GB": "opening", "ZZ": "opening"}
        if stage == "opening"
        else {"CN": "cn-talk", "GB": "gb-talk", "ZZ": "talk"}
    )


def test_every_disclosure_names_a_rule_that_is_installed_in_the_pack_that_it_names():
    rules = {(pack.id, rule.id) for pack in packs_loader.all_packs() for rule in pack.rules}
    assert {(one.pack, one.rule) for one in shipped.disclosures().values()} <= rules
    assert ("US-FED", "US-F-NOTHING") not in rules


def test_both_languages_of_a_shipped_script_have_the_same_lines():
    for entry, _names in shipped.scripts():
        en, zh = (notation.read(entry[language].strip("\n")) for language in ("en", "zh-hans"))
        assert [line.kind for line in en.lines] == [line.kind for line in zh.lines], entry["key"]
        assert {name: len(lines) for name, lines in en.branches.items()} == {
            name: len(lines) for name, lines in zh.branches.items()
        }, entry["key"]


# -- A call --------------------------------------------------------------------------------------------------------


def test_before_confirmation_neither_creditor_nor_amount_is_there():
    case = CaseFactory(creditor=CreditorFactory(name="Bank of Rivers"), at=NOON, working=True, balance="8420.00")
    opening = read(case, confirmed=False)
    whole = " ".join(line.text for line in opening.lines)
    whole += " ".join(line.text for branch in opening.branches for line in branch.lines)
    assert (opening.stage, opening.source.key) == ("opening", "cn-opening")
    assert "Bank of Rivers" not in whole
    assert "8,420" not in whole
    assert case.person.name in whole


def test_after_confirmation_creditor_and_amount_are_said():
    case = CaseFactory(
        creditor=CreditorFactory(name="Bank of Rivers"), at=NOON, working=True, dpd=47, balance="8420.00"
    )
    talk = read(case)
    whole = " ".join(line.text for line in talk.lines)
    assert talk.stage == "talk"
    assert "Bank of Rivers" in whole
    assert "¥" in whole


def test_the_choice_says_why():
    case = CaseFactory(at=NOON, working=True, dpd=47, default_reason="unemployment")
    talk = read(case, language="en")
    assert talk.source.key == "cn-talk-card-hardship"
    assert talk.because == ("jurisdiction: mainland China", "reason for default: loss of work", "product: credit card")
    assert talk.why == "because: jurisdiction: mainland China, reason for default: loss of work, product: credit card"


def test_a_person_is_spoken_to_in_his_language_and_otherwise_in_the_readers():
    spoken = {}
    for language in ("zh-hans", "en", "ja"):
        case = CaseFactory(person=PersonFactory(language=language), at=NOON, working=True)
        spoken[language] = read(case).source.language
    assert spoken == {"zh-hans": "zh-hans", "en": "en", "ja": "en"}


def test_a_branch_that_the_script_lacks_is_that_of_the_next_that_fits_but_never_a_voicemail():
    case = CaseFactory(at=NOON, working=True, dpd=47)
    talk = read(case, language="en")
    assert talk.source.key == "cn-talk-card"
    assert [(one.name, one.lines[0].script) for one in talk.branches] == [
        ("willing", "talk"),
        ("unable", "cn-talk-card"),
        ("unwilling", "cn-talk"),
        ("angry", "talk"),
        ("vulnerable", "talk"),
    ]


def test_a_voicemail_is_only_that_of_the_script_itself():
    at = NOON_IN_NEW_YORK
    case = american(acting_as="agency")
    asked = choosing.asked(case, None, "en", at=at)
    own = Source("own", "opening", "own", "en", 1, {}, "say: Hello.")
    assert [one.name for one in choosing.of_stage(asked, "opening").branches] == [
        "angry", "vulnerable", "wrong_person", "voicemail",
    ]  # fmt: skip
    assert [one.name for one in choosing.of_stage(asked, "opening", but=own).branches] == [
        "angry", "vulnerable", "wrong_person",
    ]  # fmt: skip


def test_a_line_whose_value_is_not_known_says_so_and_is_not_read_out():
    case = CaseFactory(at=NOON, working=True, dpd=47)
    attempt = called(case)
    lines = {one.words: one for branch in choosing.for_case(
        attempt.case, attempt, "en", confirmed=True, at=NOON
    ).branches for one in branch.lines}  # fmt: skip
    lacking = lines["If you want to complain, I take it down now. The complaint line is {{ complaint_line }}."]
    assert (lacking.text, lacking.fault) == ("", "There is no value for “complaint_line”.")
    Letterhead.objects.create(creditor=case.creditor, complaint_line="400-1")
    again = choosing.for_case(attempt.case, attempt, "en", confirmed=True, at=NOON)
    assert "400-1" in " ".join(line.text for branch in again.branches for line in branch.lines)


# -- What the rules demand ------------------------------------------------------------------------------------------


def test_a_card_in_mainland_china_demands_recording_notice_and_institution():
    case = CaseFactory(at=NOON, working=True)
    attempt = called(case)
    opening = choosing.for_case(attempt.case, attempt, confirmed=False, at=NOON)
    talk = choosing.for_case(attempt.case, attempt, confirmed=True, at=NOON)
    assert [(one.rule, one.pack) for one in opening.disclosures] == [("CN-REC", "CN-CC-2011")]
    assert [(one.rule, one.pack) for one in talk.disclosures] == [("CN-ID", "CN-CBA-2026")]
    assert opening.disclosures[0].citation == "商业银行信用卡业务监督管理办法 art. 68"
    assert opening.lines[1].rule == "CN-REC"
    assert talk.lines[0].rule == "CN-ID"


def test_a_loan_there_is_of_no_card_and_its_recording_notice_is_not_demanded():
    bank = CreditorFactory()
    person = PersonFactory()
    AccountFactory(product=ProductFactory(creditor=bank, kind="personal_loan"), person=person)
    case = CaseFactory(creditor=bank, person=person, at=NOON, working=True)
    file = choosing.asked(case, None, at=NOON).file
    assert {account.product_kind for account in file.found.accounts} == {"personal_loan"}
    assert [rule for rule in binding.of_preview(file) if rule in shipped.disclosures()] == ["CN-ID"]


def american(*, acting_as: str) -> Case:
    creditor = CreditorFactory(
        acting_as=acting_as, kind="unspecified", time_zone="America/New_York", currency="USD",
        hours=("09:00", "20:00"),
    )  # fmt: skip
    return CaseFactory(creditor=creditor, person=PersonFactory(new_york=True), at=NOON_IN_NEW_YORK, working=True)


def test_a_debt_collector_in_the_united_states_says_so_and_a_creditor_in_its_own_name_does_not():
    demanded = {}
    for acting_as in ("agency", "creditor"):
        file = choosing.asked(american(acting_as=acting_as), None, at=NOON_IN_NEW_YORK).file
        demanded[acting_as] = [rule for rule in binding.of_preview(file) if rule in shipped.disclosures()]
    assert demanded == {"agency": ["US-F-DISCLOSE"], "creditor": []}


def test_who_does_not_owe_is_told_nothing_of_a_debt():
    case = CaseFactory(at=NOON, working=True)
    attempt = called(case)
    attempt.party = "relative"
    shown = choosing.for_case(attempt.case, attempt, confirmed=True, at=NOON)
    assert (shown.stage, shown.disclosures) == ("opening", ())


def test_a_script_that_says_a_disclosure_itself_says_it_in_its_own_words_and_place():
    case = CaseFactory(at=NOON, working=True)
    attempt = called(case)
    asked = choosing.asked(attempt.case, attempt, "en", at=NOON)
    body = "say: First.\ndisclose CN-ID: Here is {{ creditor_name }}.\ndisclose US-F-DISCLOSE: A debt collector."
    own = Source("own", "talk", "own", "en", 1, {}, body)
    shown = choosing.of_stage(asked, "talk", but=own)
    assert [(one.kind, one.rule, one.script) for one in shown.lines] == [
        ("say", "", "own"),
        ("disclose", "CN-ID", "own"),
    ]
