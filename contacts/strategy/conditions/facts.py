"""The facts that conditions may ask about: EXISTS and indexed look-ups, the same for one case and a million."""

from typing import Final

from django.db.models import Q

from cases import ageing
from cases.models import Case, Hold, Person, Plan, Product, Promise
from cases.models.case import Status
from contacts.channels import catalogue
from contacts.models import ContactAttempt, LegalClock
from contacts.strategy.conditions import of_accounts, of_agreements, of_people
from contacts.strategy.conditions.asking import codes, one_of, some, stated
from contacts.strategy.conditions.language import Fact
from contacts.strategy.conditions.of_people import held, reachable

_FACTS: Final = (
    # how late and how much
    Fact("dpd", "number", of_accounts.dpd),
    Fact("bucket", "choice", of_accounts.bucket, values=ageing.DEFAULT.labels),
    Fact("balance", "amount", of_accounts.balance),
    Fact("currency", "text", one_of("currency")),
    Fact("days_since_payment", "number", of_accounts.days_since_payment, of_accounts.has_paid),
    Fact("paid_percent_30d", "number", of_accounts.paid_percent, of_accounts.something_was_owed),
    Fact("times_past_due_12m", "number", of_accounts.times_past_due, of_accounts.year_is_on_record),
    Fact(
        "worst_bucket_12m",
        "choice",
        of_accounts.worst_bucket,
        of_accounts.year_is_on_record,
        values=ageing.DEFAULT.labels,
    ),
    # which debt
    Fact("product", "text", of_accounts.product, of_accounts.has_accounts()),
    Fact("product_kind", "choice", of_accounts.product_kind, of_accounts.has_accounts(), values=codes(Product.Kind)),
    Fact("secured", "yes_no", of_accounts.secured, of_accounts.has_accounts()),
    Fact("months_on_book", "number", of_accounts.months_on_book, of_accounts.has_opening_day()),
    Fact("creditor", "text", one_of("creditor__code")),
    # the case
    Fact("status", "choice", one_of("status"), values=tuple(Status.values)),
    Fact("days_in_collection", "number", of_accounts.days_in_collection),
    Fact("score", "number", lambda points, _: Q(score__gte=points)),
    Fact("team", "text", one_of("team__code"), Q(team__isnull=False)),
    Fact("assigned", "yes_no", lambda *_: Q(owner__isnull=False)),
    Fact("reason", "choice", one_of("default_reason"), stated("default_reason"), values=codes(Case.DefaultReason)),
    Fact("willingness", "choice", one_of("willingness"), stated("willingness"), values=codes(Case.Grade)),
    Fact("ability", "choice", one_of("ability"), stated("ability"), values=codes(Case.Grade)),
    Fact("hardship", "yes_no", lambda *_: Q(is_hardship=True)),
    # the borrower
    Fact("jurisdiction", "text", one_of("person__jurisdiction"), stated("person__jurisdiction")),
    Fact("language", "text", one_of("person__language"), stated("person__language")),
    Fact("named", "yes_no", lambda *_: Q(person__is_named=True)),
    Fact("person_kind", "choice", one_of("person__kind"), values=codes(Person.Kind)),
    Fact("vulnerability", "choice", one_of("person__vulnerability"), values=codes(Person.Vulnerability)),
    Fact("guarantor", "yes_no", lambda *_: of_people.party(*of_people.STANDS_IN)),
    Fact("joint_debtor", "yes_no", lambda *_: of_people.party("joint_debtor")),
    Fact("reachable", "choice", lambda names, _: reachable(names), values=tuple(sorted(catalogue.CHANNELS))),
    # what stands in the way
    Fact("held", "yes_no", lambda *_: held()),
    Fact("hold_kind", "choice", of_people.hold_kind, values=codes(Hold.Kind)),
    Fact("complaint_open", "yes_no", lambda _, day: of_people.hold_kind([Hold.Kind.COMPLAINT], day)),
    Fact("dispute_open", "yes_no", lambda _, day: of_people.hold_kind([Hold.Kind.DISPUTE], day)),
    # promises, plans, clocks
    Fact("open_promise", "yes_no", of_agreements.open_promise),
    Fact(
        "days_until_promise",
        "number",
        of_agreements.days_until_promise,
        some(of_agreements.promises(Promise.Status.OPEN)),
    ),
    Fact("promises_broken", "number", of_agreements.promises_broken),
    Fact("promises_kept", "number", of_agreements.promises_kept),
    Fact("promises_kept_percent", "number", of_agreements.promises_kept_percent, some(of_agreements.promises())),
    Fact(
        "days_since_broken_promise",
        "number",
        of_agreements.days_since_broken_promise,
        some(of_agreements.promises(Promise.Status.BROKEN)),
    ),
    Fact("plan", "choice", of_agreements.plan, values=(of_agreements.NO_PLAN, *codes(Plan.Status))),
    Fact(
        "days_until_instalment",
        "number",
        of_agreements.days_until_instalment,
        some(of_agreements.instalments()),
    ),
    Fact(
        "days_to_limitation",
        "number",
        of_agreements.days_to_limitation,
        some(of_agreements.clocks(LegalClock.Kind.LIMITATION)),
    ),
    Fact(
        "days_to_guarantee_end",
        "number",
        of_agreements.days_to_guarantee_end,
        some(of_agreements.guarantees()),
    ),
    # contacts
    Fact(
        "days_since_contact",
        "number",
        lambda days, day: of_people.days_since("last_contact_at", days, day),
        Q(last_contact_at__isnull=False),
    ),
    Fact(
        "days_since_right_party",
        "number",
        lambda days, day: of_people.days_since("last_right_party_at", days, day),
        Q(last_right_party_at__isnull=False),
    ),
    Fact("contacts_7d", "number", lambda count, day: of_people.contacts_in(7, count, day)),
    Fact("contacts_30d", "number", lambda count, day: of_people.contacts_in(30, count, day)),
    Fact(
        "last_outcome", "choice", of_people.last_outcome, of_people.has_outcome(), values=codes(ContactAttempt.Outcome)
    ),
    Fact("days_since_reply", "number", of_people.days_since_reply, of_people.has_replied()),
    Fact("letter_returned", "yes_no", of_people.letter_returned, of_people.has_letter()),
    # experiments
    Fact("arm", "text", of_people.arm, of_people.takes_part, form=r"[\w-]+:[\w-]+"),
)
FACTS: Final[dict[str, Fact]] = {fact.name: fact for fact in _FACTS}
