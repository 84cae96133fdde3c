"""The catalogue of audit names: what each says, how grave it is, and what becomes of its personal data.

A name is `thing.what_happened`. Names are permanent: rows point at them. Append a line; never rename or remove one.
severity: "routine" (the day's work), "notable" (a supervisor may ask), "grave" (a compliance officer should look).
shred: how personal data in the details goes when a person's data must be deleted:
"none" (the details hold ids, amounts, codes only), "blank" (named text is overwritten by the sealed-key method),
"keep" (the law makes us keep it: proof of a stop, of a refusal, of a consent).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROUTINE: Final = "routine"
NOTABLE: Final = "notable"
GRAVE: Final = "grave"
NONE: Final = "none"
BLANK: Final = "blank"
KEEP: Final = "keep"


@dataclass(frozen=True, slots=True)
class EventName:
    """One entry: `sentence` completes "On <date>, <actor>: ..."."""

    name: str
    sentence: Promise | str
    severity: str = ROUTINE
    shred: str = NONE


_ENTRIES: Final = (
    # cases
    EventName("case.opened", _("Case opened")),
    EventName("case.started", _("Work on the case began")),
    EventName("case.assigned", _("Case given to a collector")),
    EventName("case.unassigned", _("Case taken from its collector")),
    EventName("case.moved_to_team", _("Case given to another team")),
    EventName("allocation.rules_set", _("Rules of the allocation of cases set"), NOTABLE),
    EventName("allocation.previewed", _("Allocation of cases previewed")),
    EventName("allocation.applied", _("Allocation of cases applied"), NOTABLE),
    EventName("allocation.undone", _("Allocation of cases undone"), NOTABLE),
    EventName("case.leased", _("Case handed out from the queue")),
    EventName("case.skipped", _("Case skipped with a reason"), ROUTINE, BLANK),
    EventName("case.next_action_set", _("Next action set")),
    EventName("case.promised", _("Case waits for a promise")),
    EventName("case.put_on_plan", _("Case put on a payment plan")),
    EventName("case.returned_to_work", _("Case returned to work")),
    EventName("case.cured", _("Arrears cleared, case cured")),
    EventName("case.closed", _("Case closed"), NOTABLE),
    EventName("case.reopened", _("Case opened again"), NOTABLE),
    EventName("case.reason_recorded", _("Reason for default recorded"), ROUTINE, BLANK),
    EventName("case.flagged_for_review", _("Case put before a supervisor"), NOTABLE),
    EventName("score_model.trained", _("Model of chances trained")),
    EventName("score_model.approved", _("Model of chances put in force"), NOTABLE),
    EventName("score_model.retired", _("Model of chances taken back"), NOTABLE),
    # promises
    EventName("promise.made", _("Promise to pay recorded")),
    EventName("promise.kept", _("Promise kept")),
    EventName("promise.partly_kept", _("Promise kept in part")),
    EventName("promise.broken", _("Promise broken")),
    EventName("promise.cancelled", _("Promise cancelled"), NOTABLE),
    EventName("promise.moved", _("Promise moved to another day"), NOTABLE),
    EventName("promise.reopened", _("Promise open again"), NOTABLE),
    # clocks of the law
    EventName("legal.event_recorded", _("Legal event recorded"), NOTABLE),
    EventName("legal.event_undone", _("Legal event taken back"), NOTABLE),
    # plans
    EventName("plan.drafted", _("Payment plan drafted")),
    EventName("plan.approval_asked", _("Payment plan put up for approval")),
    EventName("plan.approved", _("Payment plan approved"), NOTABLE),
    EventName("plan.refused", _("Payment plan refused"), NOTABLE),
    EventName("plan.signed", _("Payment plan signed"), NOTABLE),
    EventName("plan.started", _("Payment plan is being performed")),
    EventName("plan.missed", _("Instalment missed")),
    EventName("plan.early_trouble", _("One of the first instalments is late or short")),
    EventName("plan.agreement_made", _("Agreement of a payment plan printed")),
    EventName("plan.reinstated", _("Payment plan reinstated"), NOTABLE),
    EventName("plan.reopened", _("Payment plan open again")),
    EventName("plan.caught_up", _("Payment plan caught up")),
    EventName("plan.broken", _("Payment plan broken")),
    EventName("plan.completed", _("Payment plan completed")),
    EventName("plan.cancelled", _("Payment plan cancelled"), NOTABLE),
    EventName("affordability.taken", _("Income and expenditure taken")),
    EventName("affordability.evidence_added", _("Evidence of income or expenditure added")),
    EventName("affordability.evidence_read", _("Evidence of income or expenditure read")),
    # late events
    EventName("correction.opened", _("Event recorded late; days past due change"), NOTABLE),
    EventName("correction.approved", _("Late event approved"), NOTABLE),
    EventName("correction.refused", _("Late event refused"), NOTABLE, BLANK),
    # approvals and authority
    EventName("approval.asked", _("Approval asked for"), NOTABLE, BLANK),
    EventName("approval.signed", _("Approval signed"), NOTABLE, BLANK),
    EventName("approval.granted", _("Approval granted"), NOTABLE),
    EventName("approval.refused", _("Approval refused"), NOTABLE, BLANK),
    EventName("approval.withdrawn", _("Approval withdrawn by whoever asked"), ROUTINE, BLANK),
    EventName("approval.outdated", _("Approval out of date: what it was about had changed"), NOTABLE),
    EventName("approval.lapsed", _("What was approved came to nothing"), ROUTINE, BLANK),
    EventName("settlement.drafted", _("Settlement drafted"), ROUTINE, BLANK),
    EventName("settlement.offered", _("Settlement offered"), NOTABLE),
    EventName("settlement.accepted", _("Settlement accepted"), NOTABLE, KEEP),
    EventName("settlement.paid", _("Payment counted towards a settlement")),
    EventName("settlement.fulfilled", _("Settlement fulfilled"), NOTABLE, KEEP),
    EventName("settlement.unfulfilled", _("Settlement no longer fulfilled: a payment was reversed"), NOTABLE),
    EventName("settlement.failed", _("Settlement failed"), NOTABLE),
    EventName("settlement.expired", _("Offer of a settlement expired")),
    EventName("settlement.withdrawn", _("Settlement withdrawn"), NOTABLE, BLANK),
    EventName("settlement.refused", _("Settlement refused by whoever had to sign"), NOTABLE, BLANK),
    EventName("settlement.letter_made", _("Letter of a settlement made")),
    EventName("waiver.asked", _("Waiver asked for"), ROUTINE, BLANK),
    EventName("waiver.granted", _("Amount given up"), NOTABLE, KEEP),
    EventName("waiver.refused", _("Waiver refused"), NOTABLE, BLANK),
    EventName("waiver.withdrawn", _("Waiver withdrawn"), ROUTINE, BLANK),
    EventName("waiver.reversed", _("Waiver taken back"), NOTABLE, BLANK),
    EventName("write_off.asked", _("Write-off asked for"), NOTABLE, BLANK),
    EventName("write_off.done", _("Account written off; the claim stays"), GRAVE, KEEP),
    EventName("write_off.refused", _("Write-off refused"), NOTABLE, BLANK),
    EventName("write_off.withdrawn", _("Write-off withdrawn"), ROUTINE, BLANK),
    EventName("write_off.reversed", _("Write-off taken back into the books"), GRAVE, BLANK),
    EventName("asset.asked", _("Property offered for debt put before others"), NOTABLE, BLANK),
    EventName("asset.taken", _("Property taken for debt"), GRAVE, KEEP),
    EventName("asset.refused", _("Property for debt refused"), NOTABLE, BLANK),
    EventName("asset.withdrawn", _("Property for debt withdrawn"), ROUTINE, BLANK),
    EventName("asset.reversed", _("Property taken for debt given back"), GRAVE, BLANK),
    EventName("exclusion.proposed", _("Exclusion of a person proposed"), NOTABLE, BLANK),
    EventName("exclusion.listed", _("Person put on the exclusion list"), GRAVE, KEEP),
    EventName("exclusion.refused", _("Exclusion of a person refused"), NOTABLE, BLANK),
    EventName("exclusion.withdrawn", _("Proposed exclusion withdrawn"), NOTABLE, BLANK),
    EventName("exclusion.told", _("Person told of the exclusion"), NOTABLE, KEEP),
    EventName("exclusion.removed", _("Person removed from the exclusion list"), GRAVE, BLANK),
    EventName("exclusion.expired", _("Time on the exclusion list is over"), NOTABLE),
    EventName("exclusion.read", _("Exclusion list read"), NOTABLE, KEEP),
    EventName("exclusion.appealed", _("Person objects to the exclusion"), GRAVE, KEEP),
    EventName("exclusion.appeal_decided", _("Objection to the exclusion decided"), GRAVE, KEEP),
    EventName("authority.set", _("Limit of authority set"), GRAVE, KEEP),
    EventName("authority.ended", _("Limit of authority ended"), GRAVE, KEEP),
    # payments and the ledger
    EventName("payment.recorded", _("Payment received")),
    EventName("payment.allocated", _("Payment allocated")),
    EventName("payment.unallocated", _("Payment waits for an account")),
    EventName("payment.reversed", _("Payment reversed"), NOTABLE),
    EventName("payment.credit_moved", _("What was paid too much put on another account"), NOTABLE),
    EventName("refund.marked", _("Refund of what was paid too much marked"), NOTABLE),
    EventName("refund.sent", _("Refund sent"), NOTABLE),
    EventName("refund.given_up", _("Refund given up")),
    EventName("bank.matched", _("Line of the bank matched with a payment")),
    EventName("bank.parted", _("Match of a line of the bank taken back")),
    EventName("bank.explained", _("Line of the bank explained")),
    EventName("bank.taken_in", _("Line of the bank taken in as a payment")),
    EventName("bank.day_stated", _("Day of the bank stated as reconciled")),
    EventName("bank.day_closed", _("Day of the bank closed"), NOTABLE),
    EventName("ledger.corrected", _("Ledger corrected by a new entry"), NOTABLE),
    EventName("account.state_changed", _("State of the account changed")),
    # contacts
    EventName("planned.made", _("Contact planned")),
    EventName("planned.claimed", _("Planned contact taken up for sending")),
    EventName("planned.withheld", _("Planned contact withheld")),
    EventName("planned.cancelled", _("Planned contact cancelled")),
    EventName("planned.done", _("Planned contact done")),
    EventName("attempt.cleared", _("Contact cleared by the gate")),
    EventName("attempt.started", _("Contact under way")),
    EventName("attempt.sent", _("Message handed over")),
    EventName("attempt.delivered", _("Message delivered")),
    EventName("attempt.failed", _("Contact failed")),
    EventName("attempt.uncertain", _("Fate of a message unknown"), NOTABLE),
    EventName("attempt.settled", _("Fate of a message settled by a person"), NOTABLE),
    EventName("attempt.withheld", _("Contact withheld at the last moment")),
    EventName("attempt.cancelled", _("Contact cancelled before it began")),
    EventName("attempt.completed", _("Call or visit completed"), ROUTINE, BLANK),
    EventName("attempt.recorded", _("Inbound or reported contact recorded"), ROUTINE, BLANK),
    EventName("verification.asked", _("Answers of whoever was on the line compared")),
    EventName("verification.confirmed", _("The person on the line confirmed")),
    EventName("verification.failed", _("The person on the line could not be confirmed"), NOTABLE),
    EventName("verification.wrong_party", _("Another person was on the line"), NOTABLE, KEEP),
    EventName("verification.wrong_number", _("The number was wrong"), NOTABLE, KEEP),
    EventName("inbound.received", _("Message received and kept"), ROUTINE, BLANK),
    EventName("inbound.assigned", _("Message of an unknown sender given to a case"), NOTABLE),
    EventName("inbound.undo_asked", _("Somebody asks to undo what a message was taken to mean"), NOTABLE, KEEP),
    EventName("inbound.undone", _("What a message was taken to mean was undone"), GRAVE, KEEP),
    EventName("inbound.blanked", _("Message of an unknown sender blanked")),
    EventName("inbound.file_opened", _("File that came with a message opened"), NOTABLE),
    EventName("attempt.flagged", _("Reported contact would have been refused"), GRAVE, KEEP),
    EventName("attempt.flagged_late", _("Contact would have been refused, had a late report been known"), GRAVE, KEEP),
    EventName("template.written", _("Draft of a message written")),
    EventName("template.refused", _("Draft of a message refused"), NOTABLE),
    EventName("template.tested", _("Message sent to oneself as a test")),
    EventName("template.published", _("Message template published"), NOTABLE),
    EventName("template.retired", _("Message template retired"), NOTABLE),
    # letters on paper, seals, visits
    EventName("seal.proposed", _("Picture of a seal brought"), NOTABLE),
    EventName("seal.approved", _("Seal approved"), GRAVE),
    EventName("seal.refused", _("Seal refused"), NOTABLE),
    EventName("seal.retired", _("Seal taken out of use"), GRAVE),
    EventName("seal.used", _("Seal put on a letter"), NOTABLE),
    EventName("letters.collected", _("Letters collected for printing")),
    EventName("letters.printed", _("Letters printed")),
    EventName("letters.posted", _("Letters given to the post")),
    EventName("letter.withdrawn", _("Letter taken out before posting"), NOTABLE),
    EventName("letter.returned", _("Letter came back")),
    EventName("visit.ordered", _("Visit order made"), NOTABLE),
    # holds and instructions
    EventName("hold.placed", _("Hold placed"), NOTABLE, KEEP),
    EventName("hold.extended", _("Hold extended"), NOTABLE, KEEP),
    EventName("hold.released", _("Hold released"), NOTABLE, KEEP),
    EventName("instruction.received", _("Instruction of the person received"), NOTABLE, KEEP),
    EventName("instruction.confirmed", _("Instruction in force everywhere"), ROUTINE, KEEP),
    EventName("instruction.withdrawn", _("Instruction withdrawn"), NOTABLE, KEEP),
    EventName("consent.given", _("Consent given"), ROUTINE, KEEP),
    EventName("consent.withdrawn", _("Consent withdrawn"), NOTABLE, KEEP),
    EventName("consent.spent", _("Consent used up by a contact"), ROUTINE, KEEP),
    EventName("hold.reviewed", _("Hold looked at and left standing"), NOTABLE, KEEP),
    EventName("hold.end_moved", _("End of a hold moved"), NOTABLE, KEEP),
    EventName("contact_point.added", _("Contact point added"), ROUTINE, BLANK),
    EventName("contact_point.verified", _("Contact point verified")),
    EventName("contact_point.marked_bad", _("Contact point marked as not reaching the person")),
    EventName("contact_point.suppressed", _("Contact point suppressed for everybody"), NOTABLE, KEEP),
    EventName("contact_point.restored", _("Contact point in use again"), NOTABLE),
    EventName("person.merged", _("Two persons found to be one"), NOTABLE, BLANK),
    EventName("person.merge_reversed", _("Merge of persons reversed"), NOTABLE, BLANK),
    EventName("person.vulnerability_recorded", _("Vulnerability recorded"), NOTABLE, BLANK),
    EventName("person.corrected", _("Personal data corrected"), NOTABLE, BLANK),
    # the gate and the stop
    EventName("gate.error", _("The gate failed and refused"), GRAVE),
    EventName("gate.soft_rule_overridden", _("A soft rule was set aside with a reason"), GRAVE, KEEP),
    EventName("stop.requested", _("Stop of sending requested"), GRAVE, KEEP),
    EventName("stop.confirmed", _("Stop of sending in force"), GRAVE, KEEP),
    EventName("provider.held", _("Provider refuses us: nothing is handed to it"), NOTABLE),
    EventName("provider.held_by_hand", _("Provider held by hand"), NOTABLE, KEEP),
    EventName("provider.lifted", _("Hold of a provider lifted by hand"), NOTABLE, KEEP),
    EventName("provider.released", _("Provider takes messages again")),
    EventName("stop.lifted", _("Sending resumed"), GRAVE, KEEP),
    EventName("sending.released", _("Sending released after a backup was restored"), GRAVE, KEEP),
    # the firm's own limits
    EventName("policy.set", _("Firm policy set"), GRAVE, KEEP),
    # versions of rule packs
    EventName("pack.release_proposed", _("New version of a rule pack proposed"), GRAVE, KEEP),
    EventName("pack.release_approved", _("New version of a rule pack approved"), GRAVE, KEEP),
    EventName("pack.release_withdrawn", _("New version of a rule pack withdrawn"), GRAVE, KEEP),
    # imports
    EventName("import.uploaded", _("File uploaded")),
    EventName("import.staged", _("File read")),
    EventName("import.checked", _("File checked")),
    EventName("import.loaded", _("File loaded"), NOTABLE),
    EventName("import.refused", _("File refused"), NOTABLE),
    EventName("import.rolled_back", _("Load of a file rolled back"), GRAVE),
    EventName("import.row_changed", _("Row changed by a file")),
    # strategies and the night
    EventName("strategy.drafted", _("Strategy version drafted")),
    EventName("strategy.rehearsal_asked", _("Rehearsal of a strategy asked for")),
    EventName("strategy.rehearsal_done", _("Rehearsal of a strategy finished")),
    EventName("strategy.rehearsal_failed", _("Rehearsal of a strategy failed")),
    EventName("strategy.rehearsed", _("Strategy version rehearsed")),
    EventName("strategy.approved", _("Strategy version approved"), NOTABLE),
    EventName("strategy.published", _("Strategy version published"), NOTABLE),
    EventName("strategy.stopped", _("Strategy version stopped"), GRAVE),
    EventName("strategy.retired", _("Strategy version retired"), NOTABLE),
    EventName("strategy.enrolled", _("Case enrolled in a strategy")),
    EventName("strategy.left", _("Case left a strategy")),
    EventName("experiment.registered", _("Experiment registered"), NOTABLE),
    EventName("experiment.begun", _("Experiment begun"), NOTABLE),
    EventName("experiment.ended", _("Experiment ended"), NOTABLE),
    EventName("strategy.submitted", _("Approval of a strategy version asked for")),
    EventName("strategy.sent_back", _("Strategy version sent back"), NOTABLE),
    EventName("strategy.move_set", _("Said what becomes of cases in flight")),
    EventName("strategy.widened", _("Strategy version widened"), NOTABLE),
    EventName("strategy.resumed", _("Strategy version resumed"), NOTABLE),
    EventName("strategy.rolled_back", _("Strategy version rolled back"), GRAVE),
    EventName("strategy.reinstated", _("Strategy version in force again"), NOTABLE),
    EventName("strategy.alarm_raised", _("Alarm about a strategy version"), GRAVE),
    EventName("strategy.alarm_seen", _("Alarm about a strategy version looked at")),
    EventName("night.started", _("Close of day started")),
    EventName("night.step_finished", _("Step of the close of day finished")),
    EventName("night.finished", _("Close of day finished")),
    EventName("night.failed", _("Close of day failed"), GRAVE),
    EventName("night.resumed", _("Close of day resumed"), NOTABLE),
    EventName("night.case_skipped", _("Case left out of the close of day"), NOTABLE),
    EventName("night.not_treated", _("Nothing planned: the balances are too old"), NOTABLE),
    # people who use the system
    EventName("user.signed_in", _("Signed in")),
    EventName("user.signed_out", _("Signed out")),
    EventName("user.sign_in_failed", _("Sign-in failed"), NOTABLE),
    EventName("user.created", _("User created"), NOTABLE),
    EventName("user.changed", _("User changed"), NOTABLE),
    EventName("user.role_changed", _("Roles of a user changed"), GRAVE),
    EventName("user.deactivated", _("User deactivated"), NOTABLE),
    EventName("user.token_made", _("API token made"), GRAVE),
    EventName("user.token_revoked", _("API token revoked"), GRAVE),
    EventName("reveal.looked", _("Masked data looked at, with a reason"), NOTABLE, KEEP),
    EventName("reveal.exported", _("Data taken out of the system"), GRAVE, KEEP),
    EventName("note.added", _("Note added"), ROUTINE, BLANK),
    EventName("note.corrected", _("Note corrected by a further note"), ROUTINE, BLANK),
    EventName("document.added", _("Document added"), ROUTINE, BLANK),
)

CATALOGUE: Final[dict[str, EventName]] = {entry.name: entry for entry in _ENTRIES}
if len(CATALOGUE) != len(_ENTRIES):
    raise RuntimeError("compliance.event_names: a name is there twice")


def describe(name: str) -> EventName:
    """Return the entry of a name; for a name of a newer release, an entry that says so. Never raises."""
    return CATALOGUE.get(name) or EventName(name, name, NOTABLE, KEEP)
