"""Sharing out, without a database: exact outcomes, and what holds for every book that chance can think of."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.distribution.engine import NOBODY, Item, Need, share_out
from cases.distribution.loads import Worker
from cases.distribution.rules import MUST, PREFER, Rules

ANY = [Need()]
LI, WANG, ZHAO = 1, 2, 3


def workers(*ids, **fields):
    return [Worker(pk, team=1, **fields) for pk in ids]


def items(*owners, need=0, **fields):
    """Return one case for each owner, keys 1, 2, 3 …"""
    return [Item(pk, 1, owner, need, **fields) for pk, owner in enumerate(owners, 1)]


def held(shared):
    return Counter(shared.to)


def test_new_cases_go_to_the_least_loaded_one_after_the_other():
    shared = share_out(items(*[NOBODY] * 5), ANY, workers(LI, WANG), Rules())
    assert shared.to == [LI, WANG, LI, WANG, LI]
    assert shared.left == ["new"] * 5
    assert shared.chosen == ["load"] * 5


def test_who_has_a_case_keeps_it_also_where_others_have_fewer():
    shared = share_out(items(LI, LI, LI, NOBODY), ANY, workers(LI, WANG), Rules())
    assert shared.to == [LI, LI, LI, WANG]
    assert shared.stays == {(LI, "continuity"): 3}


def test_balanced_rules_level_out_with_as_few_moves_as_it_takes():
    shared = share_out(items(*[LI] * 6, WANG), ANY, workers(LI, WANG), Rules(keep="balanced"))
    assert held(shared) == {LI: 4, WANG: 3}
    assert [left for left in shared.left if left] == ["even", "even"]


def test_the_least_urgent_cases_are_those_that_move():
    cases = [Item(pk, 1, LI, 0, urgency=pk) for pk in range(1, 7)]
    shared = share_out(cases, ANY, workers(LI, WANG), Rules(keep="balanced"))
    assert [item.case_id for item, left in zip(cases, shared.left, strict=True) if left] == [1, 2, 3]


def test_somebody_who_is_full_takes_no_more_and_the_rest_lies_with_the_team():
    shared = share_out(items(*[NOBODY] * 5), ANY, workers(LI, WANG, max_cases=2), Rules())
    assert held(shared) == {LI: 2, WANG: 2, NOBODY: 1}
    assert shared.chosen[-1] == "no_room"


def test_minutes_of_a_day_are_a_limit_too():
    cases = items(*[NOBODY] * 3, minutes=10)
    shared = share_out(cases, ANY, workers(LI, minutes_a_day=25), Rules())
    assert shared.to == [LI, LI, NOBODY]


def test_somebody_over_his_limit_gives_the_least_urgent_away():
    cases = [Item(pk, 1, LI, 0, urgency=10 * pk) for pk in (1, 2, 3)]
    people = [Worker(LI, 1, max_cases=2), Worker(WANG, 1)]
    shared = share_out(cases, ANY, people, Rules())
    assert shared.to == [WANG, LI, LI]
    assert shared.left == ["capacity", "", ""]


def test_what_somebody_has_in_other_books_counts():
    people = [Worker(LI, 1, base_cases=3), Worker(WANG, 1)]
    assert share_out(items(*[NOBODY] * 5), ANY, people, Rules()).to == [WANG, WANG, WANG, LI, WANG]


def test_a_skill_that_must_be_there_decides_before_the_load():
    people = [Worker(LI, 1, skills=frozenset({"legal"}), base_cases=50), Worker(WANG, 1)]
    shared = share_out(items(NOBODY), [Need(frozenset({"legal"}))], people, Rules())
    assert (shared.to, shared.chosen) == ([LI], ["skill:legal,load"])


def test_where_nobody_has_the_skill_nobody_takes_the_case():
    shared = share_out(items(WANG), [Need(frozenset({"legal"}))], workers(LI, WANG), Rules())
    assert (shared.to, shared.left, shared.chosen) == ([NOBODY], ["skill"], ["nobody_fits"])


def test_a_language_that_is_preferred_gives_way_to_room():
    people = [Worker(LI, 1, languages=frozenset({"zh"}), max_cases=1), Worker(WANG, 1, languages=frozenset({"en"}))]
    shared = share_out(items(NOBODY, NOBODY), [Need(language="zh")], people, Rules())
    assert shared.to == [LI, WANG]
    assert shared.chosen == ["language:zh,load", "load"]


def test_the_order_of_the_criteria_decides_between_them():
    speaks = Worker(LI, 1, languages=frozenset({"zh"}))
    senior = Worker(WANG, 1, tier=1)
    need = [Need(tier=1, language="zh")]
    by_language = Rules(criteria=(("language", PREFER), ("tier", PREFER)))
    by_tier = Rules(criteria=(("tier", PREFER), ("language", PREFER)))
    assert share_out(items(NOBODY), need, [speaks, senior], by_language).to == [LI]
    assert share_out(items(NOBODY), need, [speaks, senior], by_tier).to == [WANG]


def test_a_level_that_must_be_there_is_met_by_a_higher_one():
    people = [Worker(LI, 1, tier=0), Worker(WANG, 1, tier=2)]
    rules = Rules(criteria=(("tier", MUST),))
    assert share_out(items(NOBODY, NOBODY), [Need(tier=1)], people, rules).to == [WANG, WANG]


def test_turns_go_round_behind_whoever_was_last():
    shared = share_out(items(*[NOBODY] * 4), ANY, workers(LI, WANG, ZHAO), Rules(mode="turns"), after=LI)
    assert shared.to == [WANG, ZHAO, LI, WANG]
    assert shared.last == WANG


def test_turns_do_not_ask_who_has_how_much():
    people = [Worker(LI, 1, base_cases=100), Worker(WANG, 1)]
    assert share_out(items(NOBODY, NOBODY), ANY, people, Rules(mode="turns")).to == [LI, WANG]
    assert share_out(items(NOBODY, NOBODY), ANY, people, Rules()).to == [WANG, WANG]


def test_by_balance_the_heaviest_are_dealt_first():
    cases = [Item(pk, 1, NOBODY, 0, weight=weight) for pk, weight in ((1, 10), (2, 60), (3, 50))]
    assert share_out(cases, ANY, workers(LI, WANG), Rules(mode="balance")).to == [WANG, LI, WANG]


def test_a_collector_who_broke_with_a_case_is_not_given_it_back():
    case = Item(1, 1, LI, 0, leaves="broken_promise", barred=(LI,))
    shared = share_out([case], ANY, workers(LI, WANG), Rules())
    assert (shared.to, shared.left) == ([WANG], ["broken_promise"])
    alone = share_out([case], ANY, workers(LI), Rules())
    assert (alone.to, alone.chosen) == ([NOBODY], ["all_barred"])


def test_after_too_many_days_a_case_changes_hands_but_stays_where_nobody_else_takes_it():
    case = Item(1, 1, LI, 0, leaves="days", barred=(LI,))
    assert share_out([case], ANY, workers(LI, WANG), Rules()).to == [WANG]
    alone = share_out([case], ANY, workers(LI), Rules())
    assert (alone.to, alone.left) == ([LI], [""])
    assert alone.stays == {(LI, "nobody_else"): 1}


def test_a_case_that_somebody_works_on_stays_whatever_the_rules_say():
    case = Item(1, 1, LI, 0, leaves="complaint", barred=(LI,), pinned=True)
    shared = share_out([case], ANY, workers(LI, WANG), Rules(keep="never"))
    assert (shared.to, shared.left) == ([LI], [""])
    assert shared.stays == {(LI, "busy"): 1}


def test_somebody_away_for_a_day_keeps_his_cases_and_gets_no_new_one():
    people = [Worker(LI, 1, takes=False), Worker(WANG, 1)]
    assert share_out(items(LI, NOBODY), ANY, people, Rules()).to == [LI, WANG]


def test_somebody_away_for_long_gives_his_cases_up():
    people = [Worker(LI, 1, takes=False, keeps=False), Worker(WANG, 1)]
    shared = share_out(items(LI), ANY, people, Rules())
    assert (shared.to, shared.left) == ([WANG], ["absent"])


def test_a_case_stays_within_its_team():
    people = [Worker(LI, 1, base_cases=9), Worker(WANG, 2)]
    assert share_out(items(NOBODY), ANY, people, Rules()).to == [LI]
    assert share_out(items(NOBODY), ANY, [people[1]], Rules()).chosen == ["nobody_there"]


SKILLS = ["legal", "late"]
people_of = st.lists(
    st.tuples(
        st.frozensets(st.sampled_from(SKILLS)), st.integers(0, 2), st.sampled_from([None, 0, 2, 5]),
        st.sampled_from([None, 20]), st.booleans(), st.integers(1, 2),
    ),
    min_size=1, max_size=7,
)  # fmt: skip
needs_of = st.just([Need(), Need(frozenset({"legal"})), Need(tier=1), Need(frozenset({"late"}), 2, "zh")])
cases_of = st.lists(
    st.tuples(
        st.integers(0, 8), st.integers(0, 3), st.integers(1, 10), st.integers(0, 99), st.integers(1, 2),
        st.lists(st.integers(1, 7), max_size=2), st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


def book(people, cases, mode):
    staff = [
        Worker(pk, team, skills, tier, frozenset({"zh"}), most, minutes, takes=takes)
        for pk, (skills, tier, most, minutes, takes, team) in enumerate(people, 1)
    ]
    work = [
        Item(pk, team, owner, need, minutes, weight=minutes * 100 if mode == "balance" else 1, urgency=urgency,
             barred=tuple(barred), pinned=pinned and owner > 0)
        for pk, (owner, need, minutes, urgency, team, barred, pinned) in enumerate(cases, 1)
    ]  # fmt: skip
    return staff, work


@settings(max_examples=150)
@given(people_of, cases_of, needs_of, st.sampled_from(["cases", "balance", "minutes", "turns"]),
       st.sampled_from(["always", "balanced", "never"]))  # fmt: skip
def test_no_limit_no_skill_and_no_bar_is_ever_broken_and_the_same_rows_give_the_same_result(
    people, cases, needs, mode, keep
):
    staff, work = book(people, cases, mode)
    rules = Rules(mode=mode, keep=keep, criteria=(("skill", MUST), ("tier", PREFER)))
    shared = share_out(work, needs, staff, rules)
    again = share_out(list(work), list(needs), list(reversed(staff)), rules)
    assert (shared.to, shared.left, shared.chosen) == (again.to, again.left, again.chosen)
    by_id = {worker.id: worker for worker in staff}
    for item, to, left in zip(work, shared.to, shared.left, strict=True):
        if item.pinned:
            assert to == item.owner
        elif to != NOBODY:
            assert by_id[to].team == item.team
            assert needs[item.need].skills <= by_id[to].skills
            assert to not in item.barred
            assert left == "" or to != item.owner
    for worker in staff:
        own = [item for item, to in zip(work, shared.to, strict=True) if to == worker.id]
        free = [item for item in own if not item.pinned]
        if worker.max_cases is not None and free:
            assert len(own) <= max(worker.max_cases, len(own) - len(free))
        if worker.minutes_a_day is not None and free:
            assert sum(item.minutes for item in own) <= max(
                worker.minutes_a_day, sum(i.minutes for i in own if i.pinned)
            )


@settings(max_examples=150)
@given(st.integers(2, 6), st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9)), max_size=60),
       st.sampled_from(["cases", "balance", "minutes"]), st.sampled_from(["balanced", "never"]))  # fmt: skip
def test_equal_collectors_differ_by_at_most_the_heaviest_case(many, cases, mode, keep):
    staff = workers(*range(1, many + 1))
    work = [
        Item(pk, 1, min(owner, many), 0, minutes=weight, weight=weight if mode != "cases" else 1)
        for pk, (owner, weight) in enumerate(cases, 1)
    ]
    shared = share_out(work, ANY, staff, Rules(mode=mode, keep=keep))
    loads = {worker.id: 0 for worker in staff}
    for item, to in zip(work, shared.to, strict=True):
        loads[to] += 1 if mode == "cases" else item.weight
    heaviest = max((1 if mode == "cases" else item.weight for item in work), default=0)
    assert max(loads.values()) - min(loads.values()) <= heaviest


@settings(max_examples=100)
@given(people_of, cases_of, needs_of, st.sampled_from(["cases", "balance", "minutes"]),
       st.sampled_from(["always", "balanced"]))  # fmt: skip
def test_sharing_out_what_was_just_shared_out_moves_nothing(people, cases, needs, mode, keep):
    staff, work = book(people, cases, mode)
    rules = Rules(mode=mode, keep=keep, criteria=(("skill", MUST),))
    first = share_out(work, needs, staff, rules)
    after = [item._replace(owner=to) for item, to in zip(work, first.to, strict=True)]
    second = share_out(after, needs, staff, rules)
    assert [to for item, to in zip(after, second.to, strict=True) if to != item.owner] == []


def test_negative_control_dealing_without_looking_at_loads_is_not_even():
    blind = [LI if pk % 3 else WANG for pk in range(1, 31)]
    assert max(Counter(blind).values()) - min(Counter(blind).values()) == 10
    seen = share_out(items(*[NOBODY] * 30), ANY, workers(LI, WANG), Rules()).to
    assert max(Counter(seen).values()) - min(Counter(seen).values()) == 0
