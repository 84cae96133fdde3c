"""Why a planned contact did not leave, where it is not the law that says so: code -> sentence.

A reason that is not here is the id of a rule; its words are in its pack.
"""

from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

REASONS: Final[dict[str, LazyText | str]] = {
    # no longer wanted
    "case-resolved": _("The case is cured or closed."),
    "case-ended": _("The case is cured or closed."),
    "nothing-past-due": _("Nothing is past due any more."),
    "no-longer-due": _("What it would have reminded of is paid, moved or taken back."),
    "left-strategy": _("The case has left the strategy that planned this."),
    "too-late": _("It was not sent in time and would be of no use now."),
    # not now
    "stopped": _("Sending is stopped by order."),
    "climbed-today": _("The case has gone up one step today already; this one waits for tomorrow."),
    "strategy-stopped": _("The strategy that planned this is not in force."),
    "stale-feed": _("The balances are older than this creditor allows for automatic messages."),
    "creditor-inactive": _("The creditor is not active."),
    "no-approved-wording": _("There is no approved wording in a language of this person."),
    "no-contact-point": _("There is no usable number or address for this channel."),
    "no-sender": _("This channel is not connected to a provider."),
    "unnamed-person": _("We do not know who this is."),
    "missing-value": _("A value that the wording needs is missing."),
    "wording-lacks-a-part": _("The wording lacks a part that the place of this person asks for."),
    "wording-refused": _("The wording cannot be used."),
    "newer-release": _("This release does not know how to do it; it waits for one that does."),
    "gate-unavailable": _("No decision could be made or stored, so nothing was sent."),
    # what became of the hand-over
    "interrupted": _("The process that was sending ended; it is tried again."),
    "permit-expired": _("The permit ended before the message could be handed over."),
    "never-began": _("The provider does not know it: it never left."),
    "provider-busy": _("The provider asked for patience."),
    "provider-unreachable": _("The provider could not be reached."),
    "provider-refused": _("The provider refused the message."),
    "provider-refuses-us": _("The provider refuses our account; nothing is handed to it until somebody mends that."),
    "provider-moved": _("The provider answers from another address; nothing is handed to it until that is set."),
    "held-by-hand": _("Somebody holds this provider by hand; this keeps its place."),
    "channel-held": _("The provider refuses us at the moment; this keeps its place."),
    "opted-out-at-provider": _("This person has asked the provider for silence."),
    "wording-not-registered": _("No template registered at the provider gives back this text."),
    "wording-argument-refused": _("A value does not fit the template registered at the provider."),
    "address-unknown": _("The number or address does not exist."),
    "letter-unprintable": _("The letter cannot be printed: a character that the type lacks, or too long."),
    "no-seal": _("The wording wants the creditor's seal, and none is in use."),
    "letter-withdrawn": _("The letter was taken out before it was posted."),
    "letter-returned": _("The letter came back."),
    "file-damaged": _("The file is not the one that was made."),
    "undelivered": _("The provider could not deliver it."),
    "fate-unknown": _("Nobody knows whether it left; it counts, and a person decides."),
    "not-sent-after-all": _("Somebody found out that it was not sent."),
    "call-not-made": _("The call was not made."),
    "undone": _("Taken back before it left."),
    # calls by the telephone system
    "line-busy": _("The line was busy."),
    "nobody-answered": _("Nobody answered."),
    "number-not-in-service": _("The number is not in service."),
    "line-failed": _("The network had no line."),
    "desk-unknown": _("The telephone system has not answered; it is being asked."),
    "desk-no-answer": _("Nobody took up the telephone on the desk; the person was not called."),
    "number-not-dialled": _("The telephone system does not dial this number."),
    "call-is-over": _("The call was over already."),
    "announcement-failed": _("The announcement of the recording was not heard to its end; nothing is recorded."),
    "recording-failed": _("The recording did not begin; nothing is recorded."),
    "not-connected-through": _("The two ends could not be connected."),
    "notice-not-played": _("Somebody answered, and the notice could not be played."),
    "line-never-open": _("Nobody has listened to the telephone system yet."),
    "line-closed": _("Nobody listens to the telephone system."),
    "line-silent": _("Whoever listened to the telephone system has fallen silent."),
    "line-replaced": _("Another program listens to the telephone system under our name."),
}


def say(code: str) -> str:
    """Return the sentence for a reason of the product, or the code itself (a rule id) where it is none."""
    return str(REASONS[code]) if code in REASONS else code
