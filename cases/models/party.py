"""Who owes, who else is involved, and how each of them may be reached.

A `Person` exists once in the installation; a `Borrower` is that person as one creditor knows him. Counts of
contacts and locks use the person. An `Address` is one canonical number or address, shared by everybody who uses it:
suppression hangs there, so that a number which now belongs to a stranger is silent for all.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Person(models.Model):
    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        BUSINESS = "business", _("business")

    class Vulnerability(models.TextChoices):
        NONE = "none", _("none known")
        SUSPECTED = "suspected", _("suspected")
        CONFIRMED = "confirmed", _("confirmed")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=200, blank=True)
    is_named = models.BooleanField(_("named"), default=False)
    language = models.CharField(_("language"), max_length=10, default="en")
    jurisdiction = models.CharField(_("jurisdiction"), max_length=40, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    birth_on = models.DateField(_("date of birth"), null=True, blank=True)
    document_kind = models.CharField(_("document"), max_length=20, blank=True)
    document_sealed = models.BinaryField(null=True)
    document_hash = models.BinaryField(null=True)
    document_last4 = models.CharField(max_length=4, blank=True)
    vulnerability = models.CharField(
        _("vulnerability"), max_length=12, choices=Vulnerability.choices, default=Vulnerability.NONE
    )
    vulnerability_review_on = models.DateField(_("vulnerability reviewed by"), null=True, blank=True)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        constraints = [
            models.CheckConstraint(name="person_named_has_a_name", condition=Q(is_named=False) | ~Q(name="")),
            models.CheckConstraint(
                name="person_document_is_sealed_whole",
                condition=Q(document_sealed__isnull=True, document_hash__isnull=True)
                | Q(document_sealed__isnull=False, document_hash__isnull=False),
            ),
            models.CheckConstraint(
                name="person_is_not_merged_into_himself",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
            ),
            models.CheckConstraint(
                name="person_vulnerable_has_a_review_date",
                condition=Q(vulnerability="none") | Q(vulnerability_review_on__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="person_by_document", fields=["document_hash"], condition=Q(document_hash__isnull=False)),
            models.Index(name="person_by_name", fields=["name"], condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Unnamed person"))


class Borrower(models.Model):
    """One person as one creditor knows him, under the creditor's own reference."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="borrowers")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="borrowers")
    external_ref = models.CharField(_("creditor's reference"), max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("borrower")
        verbose_name_plural = _("borrowers")
        constraints = [
            models.UniqueConstraint(
                name="borrower_reference_is_unique_per_creditor", fields=["creditor", "external_ref"]
            ),
            models.UniqueConstraint(name="borrower_id_and_person_are_a_key", fields=["id", "person"]),
        ]

    def __str__(self) -> str:
        return self.external_ref


class PartyRole(models.Model):
    """Another person's part in a borrower's debt; each role has its own legal reach."""

    class Role(models.TextChoices):
        JOINT_DEBTOR = "joint_debtor", _("co-borrower")
        GUARANTOR = "guarantor", _("guarantor")
        COUNTER_GUARANTOR = "counter_guarantor", _("counter-guarantor")
        SPOUSE = "spouse", _("spouse")
        HEIR = "heir", _("heir")
        RELATIVE = "relative", _("relative")
        EMPLOYER = "employer", _("employer")
        CONTACT_PERSON = "contact_person", _("contact person")
        REFEREE = "referee", _("referee")
        COLLEAGUE = "colleague", _("colleague")
        ATTORNEY = "attorney", _("attorney")
        DEBT_ADVISER = "debt_adviser", _("debt adviser")
        THIRD_PARTY_PAYER = "third_party_payer", _("third-party payer")

    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="parties")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="party_roles")
    account = models.ForeignKey(
        "cases.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="parties"
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        constraints = [
            models.UniqueConstraint(
                name="party_role_is_held_once_per_borrower",
                fields=["borrower", "person", "role", "account"],
                condition=Q(until__isnull=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="party_role_ends_after_it_begins", condition=Q(until__isnull=True) | Q(until__gt=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}"


class Address(models.Model):
    """One canonical number or address, whoever uses it. The value itself is sealed."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("telephone number")
        EMAIL = "email", _("e-mail address")
        POSTAL = "postal", _("postal address")
        CHAT = "chat", _("messaging account")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    value_sealed = models.BinaryField()
    value_hash = models.BinaryField()
    value_last4 = models.CharField(max_length=4, blank=True)
    region = models.CharField(_("region"), max_length=10, blank=True)
    suppressed_at = models.DateTimeField(_("suppressed"), null=True, blank=True)
    suppressed_reason = models.CharField(_("reason"), max_length=40, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("number or address")
        verbose_name_plural = _("numbers and addresses")
        constraints = [
            models.UniqueConstraint(name="address_is_stored_once", fields=["kind", "value_hash"]),
            models.CheckConstraint(
                name="address_suppressed_says_why",
                condition=Q(suppressed_at__isnull=True, suppressed_reason="")
                | (Q(suppressed_at__isnull=False) & ~Q(suppressed_reason="")),
            ),
        ]
        indexes = [
            models.Index(name="telephones_by_their_last_four", fields=["value_last4"], condition=Q(kind="phone"))
        ]

    def __str__(self) -> str:
        return f"…{self.value_last4}"


class ContactPoint(models.Model):
    """One way to reach one person: whose it is, where we have it from, on what basis, and whether it is good."""

    class Kind(models.TextChoices):
        MOBILE = "mobile", _("mobile")
        HOME_PHONE = "home_phone", _("home telephone")
        WORK_PHONE = "work_phone", _("work telephone")
        OFFICE_PHONE = "office_phone", _("office telephone")
        UNKNOWN_PHONE = "unknown_phone", _("telephone, kind unknown")
        EMAIL = "email", _("e-mail")
        WORK_EMAIL = "work_email", _("work e-mail")
        CHAT_ACCOUNT = "chat_account", _("messaging account")
        POSTAL = "postal", _("postal address")
        HOME = "home", _("home")
        WORKPLACE = "workplace", _("workplace")

    class Source(models.TextChoices):
        CONTRACT = "contract", _("contract")
        DEBTOR = "debtor", _("told by the borrower")
        AUTHORISATION = "authorisation", _("borrower's authorisation")
        PUBLIC = "public", _("public source")
        CONTACT_PERSON = "contact_person", _("told by the contact person")
        BUREAU = "bureau", _("credit bureau")
        UNKNOWN = "unknown", _("unknown")

    class State(models.TextChoices):
        UNVERIFIED = "unverified", _("not verified")
        VERIFIED = "verified", _("verified")
        BAD = "bad", _("not in service")
        STRANGER = "stranger", _("belongs to a stranger")
        REMOVED = "removed", _("removed")

    person = models.ForeignKey(Person, db_index=False, on_delete=models.PROTECT, related_name="contact_points")
    address = models.ForeignKey(Address, db_index=False, on_delete=models.PROTECT, related_name="contact_points")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    source = models.CharField(_("source"), max_length=20, choices=Source.choices)
    lawful_basis = models.CharField(_("lawful basis"), max_length=40, default="contract")
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.UNVERIFIED)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    reserved = models.BooleanField(_("reserved for notices"), default=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [
            models.UniqueConstraint(
                name="contact_point_is_listed_once_per_person", fields=["person", "address", "kind"]
            ),
            models.UniqueConstraint(name="contact_point_id_and_person_are_a_key", fields=["id", "person"]),
            models.CheckConstraint(
                name="contact_point_verified_says_when",
                condition=~Q(state="verified") | Q(verified_at__isnull=False),
            ),
        ]
        indexes = [models.Index(name="contact_points_of_an_address", fields=["address"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} …{self.address.value_last4}"


class LocationClaim(models.Model):
    """A statement about where a person is. Several may stand; the gate must satisfy all of them unless one is known."""

    class Basis(models.TextChoices):
        ADDRESS = "address", _("street address")
        MAILING_ADDRESS = "mailing_address", _("mailing address")
        MOBILE_AREA_CODE = "mobile_area_code", _("area code of a mobile")
        LANDLINE_AREA_CODE = "landline_area_code", _("area code of a landline")
        STATEMENT = "statement", _("the person said so")

    person = models.ForeignKey(Person, db_index=False, on_delete=models.PROTECT, related_name="locations")
    basis = models.CharField(_("basis"), max_length=20, choices=Basis.choices)
    time_zone = models.CharField(_("time zone"), max_length=64)
    jurisdiction = models.CharField(_("jurisdiction"), max_length=40, blank=True)
    authoritative = models.BooleanField(_("known for certain"), default=False)
    learned_at = models.DateTimeField(_("learned"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        indexes = [models.Index(name="locations_of_a_person", fields=["person"])]
        constraints = [
            models.UniqueConstraint(
                name="location_claim_stands_once",
                fields=["person", "basis", "time_zone"],
                condition=Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.time_zone


class PersonMerge(models.Model):
    """Two records found to be one human. Reversible: the row says what was moved."""

    kept = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges_kept")
    absorbed = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges_absorbed")
    moved = models.JSONField(default=dict)
    merged_at = models.DateTimeField()
    merged_by = models.ForeignKey("staff.User", null=True, on_delete=models.PROTECT, related_name="+")
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversed_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(name="person_merge_joins_two_persons", condition=~Q(kept=F("absorbed"))),
            models.UniqueConstraint(
                name="person_is_absorbed_once_at_a_time", fields=["absorbed"], condition=Q(reversed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.absorbed_id} → {self.kept_id}"
