"""What a creditor's file says people asked: it sets stops and holds, once, and never lifts one."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cases import holds, instructions
from cases.imports import formats, values
from cases.models import Hold, Instruction, Person
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent

pytestmark = pytest.mark.django_db

FLAGS = "do_not_call,sms opt out,cease_contact,attorney,disputed,deceased,bankruptcy,vulnerable,breathing_space"
HEAD = f"account_id,balance,days_past_due,{FLAGS}"
FEB, MAR = date(2026, 2, 28), date(2026, 3, 3)


def row(number, **said):
    names = [formats.recognise(heading)[0] for heading in FLAGS.split(",")]
    return f"{number},100.00,5," + ",".join(said.get(name, "") for name in names)


def asked():
    return sorted(Instruction.objects.values_list("kind", "channel"))


def test_every_flag_becomes_what_it_says_and_is_in_force_at_once(write, load):
    load(write(HEAD, row("A1", do_not_call="Y", do_not_text="1", cease_contact="yes", attorney="Smith & Co",
                         disputed="是", deceased="2026-01-31", bankrupt="Chapter 7", vulnerable="Y")))  # fmt: skip
    assert asked() == [
        ("attorney_represented", ""), ("cease_request", ""), ("dispute_open", ""), ("opt_out", "phone"),
        ("opt_out", "sms"), ("vulnerable", ""),
    ]  # fmt: skip
    assert sorted(Hold.objects.values_list("kind", flat=True)) == ["bankruptcy", "deceased"]
    given = Instruction.objects.get(kind="opt_out", channel="phone")
    assert (given.source, given.form, given.creditor, given.batch.status) == ("file", "written", None, "loaded")
    assert not Instruction.objects.filter(confirmed_at__isnull=True).exists()
    assert Person.objects.get().vulnerability == "suspected"
    assert AuditEvent.objects.filter(name="instruction.received").count() == 6
    assert AuditEvent.objects.filter(name="hold.placed").count() == 2


def test_the_same_file_and_the_next_one_set_nothing_twice(write, load):
    path = write(HEAD, row("A1", do_not_call="Y", deceased="Y"))
    load(path)
    assert load(path).unchanged == 1
    load(write(HEAD, row("A1", do_not_call="Y", deceased="Y")), as_of=MAR)
    assert (Instruction.objects.count(), Hold.objects.count()) == (1, 1)


def test_a_plain_no_sets_nothing_and_lifts_nothing(write, load):
    load(write(HEAD, row("A1", do_not_call="Y")))
    load(write(HEAD, row("A1", do_not_call="N", deceased="否", disputed="0.00")), as_of=MAR)
    assert asked() == [("opt_out", "phone")]
    assert not Instruction.objects.filter(withdrawal__isnull=False).exists()
    assert not Hold.objects.exists()


def test_what_a_person_here_took_back_comes_again_only_with_a_later_file(write, load, at):
    load(write(HEAD, row("A1", do_not_call="Y")))
    taken_back = datetime(2026, 3, 2, 12, tzinfo=UTC)
    instructions.withdraw(
        instruction_id=Instruction.objects.get().pk, reason="may be called again", actor=SYSTEM, at=taken_back
    )
    load(write(HEAD, row("A1", do_not_call="Y")), as_of=FEB)
    assert Instruction.objects.count() == 1
    load(write(HEAD, row("A1", do_not_call="Y")), as_of=MAR)
    assert Instruction.objects.filter(withdrawal__isnull=True).count() == 1


def test_a_released_hold_comes_again_only_with_a_later_file(write, load):
    load(write(HEAD, row("A1", bankrupt="Y")))
    holds.release(
        hold_id=Hold.objects.get().pk, reason="discharged", actor=SYSTEM, at=datetime(2026, 3, 2, 12, tzinfo=UTC)
    )
    load(write(HEAD, row("A1", bankrupt="Y")), as_of=FEB)
    assert Hold.objects.count() == 1
    load(write(HEAD, row("A1", bankrupt="Y")), as_of=MAR)
    assert Hold.objects.filter(released_at__isnull=True).count() == 1


def test_what_opens_a_matter_has_somebody_who_comes_back_to_it(write, load):
    load(write(HEAD, row("A1", disputed="Y", bankrupt="Y", breathing_space="Y")))
    matter, space = Instruction.objects.get(), Hold.objects.get(kind="breathing_space")
    assert matter.review_on is not None
    assert matter.reviewer_team is not None or matter.reviewer is not None
    assert space.ends_on == FEB + timedelta(days=60)
    assert Hold.objects.get(kind="bankruptcy").review_on is not None


@pytest.mark.parametrize("text", ["", "N", "no", "0", "否", "False", "N/A", "０"])
def test_only_a_plain_no_says_no(text):
    assert values.flag(text) is False


@pytest.mark.parametrize("text", ["Y", "1", "是", "2026-01-03", "unknown", "?", "Chapter 13", "x"])
def test_everything_else_leaves_the_person_alone(text):
    assert values.flag(text) is True


def test_every_flag_has_headings_and_a_column():
    known = formats.headings()
    assert [name for name in formats.FLAGS if name not in known] == []
    assert {formats.FIELDS[name].kind for name in formats.FLAGS} == {"flag"}
