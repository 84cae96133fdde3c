"""How: what is said, written and shown, and how a visit is made. What is not stated is in order."""

from __future__ import annotations

from compliance.facts import Facts, Question
from compliance.predicates.registry import FAILED, PASSED, Finding, fails, passes, predicate
from compliance.predicates.scope import own_records


@predicate
def stated(
    question: Question, facts: Facts, *, must_be_true: tuple[str, ...] = (), must_be_false: tuple[str, ...] = ()
) -> Finding:
    """This will fail when one of these facts about the contact is stated and is not as it must be."""
    for name in must_be_true:
        if getattr(question, name) is False:
            return fails({"fact": name})
    for name in must_be_false:
        if getattr(question, name) is True:
            return fails({"fact": name})
    return PASSED


@predicate
def visitors(
    question: Question, facts: Facts, *, at_least: int = 1, recorded: bool = True, entry: bool = False
) -> Finding:
    """This will fail for a visit by fewer staff, identity not shown, or not recorded; entry: or entering unasked."""
    if entry and not entry_consented(question, facts).passed:
        return fails({"fact": "enters"})
    if question.staff_count is not None and question.staff_count < at_least:
        return fails({"fact": "staff_count", "count": question.staff_count, "limit": at_least})
    names = ("id_shown", "badge", "recorded") if recorded else ("id_shown", "badge")
    return stated(question, facts, must_be_true=names)


@predicate
def entry_consented(question: Question, facts: Facts) -> Finding:
    """This will fail for entering a home or other private place without consent."""
    return FAILED if question.enters is True and question.entry_consent is not True else PASSED


@predicate
def true_identity(question: Question, facts: Facts) -> Finding:
    """This will fail for a caller who hides who he is or gives himself out for another."""
    if question.caller_identity == "withheld" or question.identity_stated is False:
        return fails({"fact": "withheld"})
    if question.claimed_identity is not None and question.claimed_identity != question.actor_kind:
        return fails({"fact": question.claimed_identity})
    return PASSED


@predicate
def content_free_of(question: Question, facts: Facts, *, flags: tuple[str, ...], posing: bool = False) -> Finding:
    """This will fail for a content with one of these faults; posing: or given out as coming from somebody else."""
    if posing and question.claimed_identity not in {None, question.actor_kind}:
        return fails({"fact": question.claimed_identity or ""})
    found = sorted(set(question.content_flags) & set(flags))
    return fails({"fact": found[0]}) if found else PASSED


@predicate
def letter_complete(question: Question, facts: Facts, *, required: tuple[str, ...]) -> Finding:
    """This will fail for a written demand whose stated parts lack a required one."""
    if question.letter_fields is None:
        return PASSED
    missing = [part for part in required if part not in question.letter_fields]
    return fails({"missing": ", ".join(missing)}) if missing else PASSED


@predicate
def envelope_discreet(
    question: Question, facts: Facts, *, allowed: tuple[str, ...], open_channels: tuple[str, ...] = ()
) -> Finding:
    """This will fail for an envelope with other words on it than these; open_channels: mail that anybody can read."""
    if question.channel in open_channels:
        return fails({"fact": question.channel or ""})
    if question.envelope_text is None or question.envelope_text in allowed:
        return PASSED
    return fails({"fact": question.envelope_text})


@predicate
def private_account_consented(question: Question, facts: Facts) -> Finding:
    """This will fail for contact through a collector's private account to which the person has not agreed."""
    if question.private_account is not True:
        return PASSED
    for record in own_records(question, facts, "consent_private_account"):
        fits_channel = record.channel is None or record.channel == question.channel
        if fits_channel and (record.agency is None or record.agency == question.agency):
            return passes({"consent": record.at.date().isoformat()})
    return FAILED
