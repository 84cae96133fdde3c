"""What the codes of questions and facts are called on a screen, in the reader's language.

A code that is not here reads as itself, so that a new word of a pack is seen rather than hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from collections_app.shared.listing import listed as listed
from compliance.reasons import PARTY_LABELS

CHANNELS: Final = {
    "phone": (pgettext_lazy("channel", "call"), "phone"),
    "sms": (pgettext_lazy("channel", "text message"), "message"),
    "email": (pgettext_lazy("channel", "e-mail"), "mail"),
    "letter": (pgettext_lazy("channel", "letter"), "file-text"),
    "chat": (pgettext_lazy("channel", "messaging account"), "brand-wechat"),
    "voice_notice": (pgettext_lazy("channel", "recorded notice"), "phone-outgoing"),
    "visit": (pgettext_lazy("channel", "visit"), "home"),
    "web": (pgettext_lazy("channel", "borrower page"), "external-link"),
    "postcard": (pgettext_lazy("channel", "postcard"), "mail"),
    "social_public": (pgettext_lazy("channel", "public social media"), "users"),
    "public_posting": (pgettext_lazy("channel", "public notice"), "flag"),
}
DIRECTIONS: Final = {"outbound": _("outbound"), "inbound": _("inbound")}
PURPOSES: Final = {
    "collection": _("collection"),
    "service_reminder": _("service reminder"),
    "customer_service": _("customer service"),
    "reply": _("reply"),
    "statutory_notice": _("required notice"),
    "dispute_followup": _("answer to an objection"),
    "opt_out_confirmation": _("confirmation of an opt-out"),
    "opt_out_confirmation_with_demand": _("confirmation of an opt-out with a demand"),
    "locate": _("locate"),
    "arrange_voluntary_payment": _("arrange a voluntary payment"),
    "efforts_terminated": _("say that collection ends"),
    "notify_remedy": _("announce a legal step"),
    "threaten_suit": _("threaten a lawsuit"),
    "solicitation": _("offer of another product"),
}
ACTOR_KINDS: Final = {
    "creditor": _("the creditor itself"),
    "agency": _("agency for the creditor"),
    "debt_buyer": _("buyer of the claim"),
    "freelancer": _("freelancer"),
}
OUTCOMES: Final = {
    "cleared": _("cleared, not begun"),
    "in_progress": _("in progress"),
    "uncertain": _("fate unknown"),
    "no_answer": _("no answer"),
    "busy": _("busy"),
    "not_in_service": _("not in service"),
    "voicemail_message": _("voicemail, message left"),
    "voicemail_no_message": _("voicemail, no message"),
    "voicemail_limited_content": _("voicemail, limited content"),
    "mailbox_full": _("mailbox full"),
    "answered_dropped": _("answered, then dropped"),
    "notice_played": _("notice played"),
    "conversation": _("spoke with the borrower"),
    "wrong_number": _("wrong number"),
    "third_party_refused": _("third person refused"),
    "offers_to_pay": _("third person offers to pay"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "delivered_signed": _("delivered against signature"),
    "returned_undeliverable": _("returned"),
    "received": _("received"),
    "payment_made": _("paid at once"),
    "met": _("met"),
    "not_met": _("not met"),
    "failed": _("failed"),
}
RECORDS: Final = {
    "inconvenient_window": _("inconvenient time"),
    "consent_time": _("agreed to contact at other times"),
    "consent_withdrawn": _("took a consent back"),
    "consent_more_calls": _("agreed to more calls"),
    "consent_electronic": _("agreed to electronic messages"),
    "consent_private_account": _("agreed to a collector's private account"),
    "opt_out": _("do not use this medium"),
    "opt_out_confirmed": _("opt-out confirmed"),
    "cease_request": _("stop all contact"),
    "employer_prohibits_contact": _("employer forbids contact"),
    "attorney_represented": _("a lawyer acts"),
    "attorney_consents_direct": _("the lawyer allows direct contact"),
    "location_answer_wrong": _("the answer about the whereabouts was wrong"),
    "asked_to_leave": _("asked the visitors to leave"),
    "debt_group": _("debts that count as one"),
    "joint_debt": _("joint debt"),
    "guarantee": _("guarantee"),
    "claim_assigned": _("claim assigned"),
    "debt_time_barred": _("debt is time-barred"),
    "debt_accelerated": _("debt fell due as a whole"),
    "overdue_since": _("past due since"),
    "suit_filed": _("suit filed"),
    "validation_notice_sent": _("validation notice sent"),
    "verification_sent": _("verification sent"),
    "original_creditor_requested": _("asked for the original creditor"),
    "collection_notice_sent": _("collection notice sent"),
    "agency_notice_sent": _("notice of the agency sent"),
    "dispute_open": _("disputes the debt"),
    "breathing_space": _("breathing space"),
    "crisis_moratorium": _("mental health crisis moratorium"),
    "crisis_treatment_ended": _("crisis treatment ended"),
    "debt_adviser_engaged": _("a debt adviser is engaged"),
    "complaint_open": _("complaint lodged"),
    "sensitive_occasion": _("bereavement or other occasion"),
    "deferral_agreed": _("deferral agreed"),
    "plan_performing": _("payment plan is being performed"),
    "plan_broken": _("payment plan broken"),
    "promise_made": _("promise made"),
    "promise_broken": _("promise broken"),
    "oral_repayment_agreement": _("agreed to pay by word of mouth"),
    "deceased": _("deceased"),
    "inheritance_renounced": _("inheritance renounced"),
    "bankrupt": _("bankrupt"),
    "capacity_limited": _("limited capacity"),
    "minor": _("minor"),
    "hold": _("hold of the firm"),
    "point_suppressed": _("number or address not to be used for anybody"),
    "debt_settled": _("debt settled"),
    "agency_contract_ended": _("contract with the agency ended"),
    "agency_evaluated": _("agency evaluated"),
    "staff_hired": _("collector hired"),
    "pre_suit_preservation": _("preservation before suit"),
    "judgment_due": _("judgment due"),
    "message_queued": _("message queued"),
    "policy_enabled": _("policy switched on"),
    "statements_stopped": _("account statements stopped"),
    "retention_requested": _("asked that recordings be kept"),
    "legal_hold": _("recordings kept for a court or an authority"),
    "last_instalment_due": _("last instalment due"),
    "payment_order_applied": _("payment order applied for"),
    "payment_order_served": _("payment order served"),
    "payment_order_accepted": _("payment order accepted"),
    "payment_order_objected": _("objection to the payment order"),
    "mediation_agreement": _("agreement in mediation"),
    "notice_not_received": _("notice not received"),
    "consent_place": _("agreed to be met at a place"),
    "hardship_hold": _("hold: hardship is assessed"),
    "vulnerability_hold": _("hold: vulnerable person"),
    "vulnerable": _("vulnerable"),
}
PRODUCTS: Final = {
    "credit_card": _("credit card"),
    "personal_loan": _("personal loan"),
    "online_consumer_loan": _("online consumer loan"),
    "online_loan": _("online loan between private persons"),
    "cash_loan": _("small cash loan"),
    "student_loan": _("student loan"),
    "consumer_loan": _("consumer loan"),
    "mortgage": _("mortgage"),
    "car_loan": _("car loan"),
    "guaranteed_loan": _("guaranteed loan"),
    "microfinance_loan": _("microfinance loan"),
    "business_loan": _("business loan"),
    "consumer_debt": _("other consumer debt"),
}
CREDITOR_KINDS: Final = {
    "bank": _("bank"),
    "bank_cba_member": _("bank, member of the China Banking Association"),
    "consumer_finance_company": _("consumer finance company"),
    "microloan_company": _("micro-loan company"),
    "authorised_institution": _("institution authorised in Hong Kong"),
    "class_licensee": _("lender under the class licence of Singapore"),
    "lending_company": _("lending or financing company of the Philippines"),
    "financial_services_provider": _("financial services provider of Indonesia"),
    "money_lender": _("registered money lender of Japan"),
    "finance_company": _("finance company of Vietnam"),
    "unspecified": _("other"),
}
POINT_KINDS: Final = {
    "mobile": _("mobile"),
    "home_phone": _("home telephone"),
    "work_phone": _("work telephone"),
    "office_phone": _("office telephone"),
    "unknown_phone": _("telephone of unknown kind"),
    "email": pgettext_lazy("channel", "e-mail"),
    "work_email": _("work e-mail"),
    "chat_account": pgettext_lazy("channel", "messaging account"),
    "portal": pgettext_lazy("channel", "borrower page"),
    "postal": _("postal address"),
    "home": _("home"),
    "workplace": _("workplace"),
}
BASES: Final = {
    "statement": _("said by the person"),
    "address": _("home address"),
    "mailing_address": _("mailing address"),
    "mobile_area_code": _("area of the mobile number"),
    "landline_area_code": _("area of the landline number"),
}
ENTRANCES: Final = {
    "screen": _("a screen"),
    "api": _("the API"),
    "dispatch": _("the sending of messages"),
    "handover": _("the last check before hand-over"),
    "report": _("a contact reported afterwards"),
    "import": _("a file of contacts"),
}
CONTENTS: Final = {
    "phone": pgettext_lazy("channel", "call"),
    "visit": pgettext_lazy("channel", "visit"),
    "reminder": _("reminder"),
    "validation_notice": _("validation notice"),
    "verification": _("verification of the debt"),
    "collection_notice": _("collection notice"),
    "agency_notice": _("notice of the agency"),
}
POLICIES: Final = {
    "WISHES": _("wishes about times"),
    "OPT-OUT": _("opt-outs"),
    "CEASE": _("requests to stop"),
    "REPRESENTED": _("lawyers"),
    "DISPUTE": _("objections"),
    "COMPLAINT": _("complaints"),
    "MORATORIUM": _("moratoria"),
    "CARE": _("illness and bereavement"),
    "DECEASED": _("death"),
    "BANKRUPT": _("bankruptcy"),
    "PLAN": _("performing plans"),
    "CN-HOLIDAY-QUIET": _("quiet on Chinese public holidays"),
    "CN-NONWORKDAY-QUIET": _("quiet on Chinese non-working days"),
}
ROLES: Final = {
    "restriction": _("restriction"),
    "exception": _("exception"),
    "coverage": _("scope of the text"),
    "definition": _("definition"),
    "advisory": _("advice"),
}
CONFIDENCES: Final = {
    "primary text": _("read in the primary text"),
    "secondary": _("read in secondary sources"),
    "weak": _("weakly supported"),
    "memory": _("from memory, not checked"),
    "policy": _("the firm's own"),
    "silence": _("the law is silent"),
}
COUNTRIES: Final = {
    "AU": _("Australia"),
    "CA": _("Canada"),
    "CA-AB": _("Alberta"),
    "CA-BC": _("British Columbia"),
    "CA-ON": _("Ontario"),
    "CA-QC": _("Quebec"),
    "CN": _("mainland China"),
    "GB": _("United Kingdom"),
    "GB-EW": _("England and Wales"),
    "GB-EAW": _("England and Wales"),
    "GB-ENG": _("England"),
    "GB-WLS": _("Wales"),
    "GB-SCT": _("Scotland"),
    "GB-NIR": _("Northern Ireland"),
    "GR": _("Greece"),
    "HK": _("Hong Kong"),
    "ID": _("Indonesia"),
    "IN": _("India"),
    "JP": _("Japan"),
    "KR": _("South Korea"),
    "MY": _("Malaysia"),
    "PH": _("Philippines"),
    "SG": _("Singapore"),
    "TW": _("Taiwan"),
    "US": _("United States"),
    "US-CA": _("California"),
    "US-DC": _("District of Columbia"),
    "US-MA": _("Massachusetts"),
    "US-NY": _("New York State"),
    "US-NY-NYC": _("New York City"),
    "US-NYC": _("New York City"),
    "US-WA": _("Washington"),
    "US-WV": _("West Virginia"),
    "VN": _("Vietnam"),
}


def channel(code: str) -> str:
    """Return the name of a channel."""
    return str(CHANNELS[code][0]) if code in CHANNELS else code.replace("_", " ")


def channel_icon(code: str) -> str:
    """Return the icon of a channel."""
    return CHANNELS[code][1] if code in CHANNELS else "message"


def say(table: Mapping[str, Any], code: Any) -> str:
    """Return the word of a code in one of these tables; an unknown code reads as itself."""
    return str(table.get(str(code), str(code).replace("_", " ")))


def place(code: str) -> str:
    """Return the name of a place as law sees it: the country or part of it, its code where nobody named it."""
    return str(COUNTRIES.get(code, code))


def party(code: str) -> str:
    """Return the role of a person."""
    return say(PARTY_LABELS, code)


def titled(title: Any, code: str) -> str:
    """Return the title of a rule with its id, in the brackets of the language of the reader."""
    return gettext("%(title)s (%(code)s)") % {"title": title, "code": code}


def paired(label: Any, value: Any) -> str:
    """Return a label and its value as one text, with the colon of the language of the reader."""
    return gettext("%(label)s: %(value)s") % {"label": label, "value": value}
