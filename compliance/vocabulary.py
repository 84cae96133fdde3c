"""The words that questions, facts and rules are made of. A word that is not here is a mistake, and is refused."""

from typing import Final

CHANNELS: Final = frozenset(
    {
        "phone", "voice_notice", "sms", "email", "chat", "web", "letter", "postcard", "visit", "social_public",
        "public_posting",
    }
)  # fmt: skip
DIRECTIONS: Final = frozenset({"outbound", "inbound"})
PARTIES: Final = frozenset(
    {
        "debtor", "joint_debtor", "guarantor", "spouse", "heir", "relative", "contact_person", "contact_list_person",
        "referee", "colleague", "employer", "neighbour", "attorney", "stranger",
    }
)  # fmt: skip
ACTOR_KINDS: Final = frozenset({"creditor", "agency", "debt_buyer", "freelancer"})
PURPOSES: Final = frozenset(
    {
        "collection", "locate", "service_reminder", "customer_service", "reply", "dispute_followup",
        "arrange_voluntary_payment", "opt_out_confirmation", "opt_out_confirmation_with_demand", "efforts_terminated",
        "notify_remedy", "threaten_suit", "statutory_notice", "solicitation",
    }
)  # fmt: skip
# Steps that are no contact.
ACTIONS: Final = frozenset(
    {
        "offer_instalment_plan", "allocate_payment", "classify", "report_negative", "refer_malicious_overdraft",
        "file_suit", "file_suit_keeping_preservation", "apply_enforcement", "apply_mediation_confirmation",
        "enforce_payment_order", "receive_cash", "view_case", "import_data", "give_data", "decide_automatically",
        "assign_to_agency", "sub_entrust", "export_to_agency", "renew_agency_contract", "deploy_collector",
        "activate_pay_plan", "sell_debt", "delete_recording", "keep_recording", "delete_record", "keep_record",
    }
)  # fmt: skip
POINT_KINDS: Final = frozenset(
    {
        "mobile", "home_phone", "work_phone", "office_phone", "unknown_phone", "email", "work_email", "chat_account",
        "portal", "postal", "home", "workplace",
    }
)  # fmt: skip
PLACES: Final = frozenset({"home", "workplace"})

# Purposes that ask or press for money. A hold or a party rule that stops collection stops these.
COLLECTING: Final = frozenset(
    {"collection", "threaten_suit", "notify_remedy", "arrange_voluntary_payment", "opt_out_confirmation_with_demand"}
)

# A contact that has begun, or may have begun, and whose result is not known: it counts as whatever a rule counts.
OPEN_OUTCOMES: Final = frozenset({"cleared", "in_progress", "uncertain"})
OUTCOMES: Final = OPEN_OUTCOMES | {
    "no_answer", "busy", "not_in_service", "voicemail_message", "voicemail_no_message", "voicemail_limited_content",
    "mailbox_full", "answered_dropped", "notice_played", "conversation", "wrong_number", "third_party_refused",
    "offers_to_pay", "sent", "delivered", "delivered_signed", "returned_undeliverable", "received", "payment_made",
    "met", "not_met", "failed",
}  # fmt: skip

# What a rule may count, and the outcomes that make a contact one of these.
UNITS: Final[dict[str, frozenset[str]]] = {
    "attempt": OUTCOMES - {"failed"},
    "unanswered": OPEN_OUTCOMES
    | {"no_answer", "busy", "not_in_service", "voicemail_message", "voicemail_no_message", "voicemail_limited_content",
       "mailbox_full"},
    "connected": OPEN_OUTCOMES
    | {"voicemail_message", "voicemail_no_message", "voicemail_limited_content", "mailbox_full", "answered_dropped",
       "notice_played", "conversation", "wrong_number", "third_party_refused", "offers_to_pay", "payment_made"},
    "effective": OPEN_OUTCOMES | {"conversation", "payment_made"},
    "actual_contact": OPEN_OUTCOMES
    | {"voicemail_message", "voicemail_limited_content", "notice_played", "conversation", "sent", "delivered",
       "delivered_signed", "payment_made"},
    "conversation": frozenset({"conversation", "payment_made"}),
    "met": OPEN_OUTCOMES | {"met"},
}  # fmt: skip

# Outcomes of a dial that did not reach the person.
FAILED_DIAL: Final = frozenset(
    {"no_answer", "busy", "not_in_service", "voicemail_no_message", "voicemail_message", "voicemail_limited_content",
     "mailbox_full", "wrong_number"}
)  # fmt: skip
REACHED: Final = frozenset({"conversation", "payment_made", "met", "received"})

RECORDS: Final = frozenset(
    {
        # instructions and consents
        "inconvenient_window", "consent_time", "consent_withdrawn", "consent_more_calls", "consent_electronic",
        "consent_private_account", "consent_place", "opt_out", "opt_out_confirmed", "cease_request",
        "employer_prohibits_contact", "attorney_represented", "attorney_consents_direct", "location_answer_wrong",
        "asked_to_leave",
        # who owes what
        "debt_group", "joint_debt", "guarantee", "claim_assigned", "debt_time_barred", "debt_accelerated",
        "overdue_since", "statements_stopped", "suit_filed",
        # notices
        "validation_notice_sent", "verification_sent", "original_creditor_requested", "collection_notice_sent",
        "agency_notice_sent", "notice_not_received",
        # states and holds
        "dispute_open", "breathing_space", "crisis_moratorium", "crisis_treatment_ended", "debt_adviser_engaged",
        "complaint_open", "sensitive_occasion", "deferral_agreed", "plan_performing", "plan_broken", "promise_made",
        "promise_broken", "oral_repayment_agreement", "deceased", "inheritance_renounced", "bankrupt",
        "capacity_limited", "minor", "vulnerable", "vulnerability_hold", "hardship_hold", "hold", "point_suppressed",
        "debt_settled",
        # what is kept, and why longer
        "legal_hold", "retention_requested",
        # the firm, its agencies and staff, the courts
        "agency_contract_ended", "agency_evaluated", "staff_hired", "pre_suit_preservation", "judgment_due",
        "message_queued", "policy_enabled", "last_instalment_due", "payment_order_applied", "payment_order_accepted",
        "payment_order_served", "payment_order_objected", "mediation_agreement",
    }
)  # fmt: skip

STRENGTHS: Final = ("hard", "presumption", "guideline", "soft", "firm policy", "advisory")
FORCES: Final = ("law", "reg", "std", "self", "guideline", "policy", "draft")
CONFIDENCES: Final = ("primary text", "secondary", "weak", "memory", "policy", "silence")
LANGUAGES: Final = ("en", "zh-hans")
