"""What came in: every message that somebody sent to us, whom it was bound to, what it was taken to mean, and what was
done at once. The words are sealed; what led to an action is a place in them, so that blanking the words blanks all.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from collections_app.shared import refs, sealed
from contacts.models.template import Channel


class InboundMessage(models.Model):
    """One message or transcript, once per event of its source. It is kept before anything is done with it."""

    class Kind(models.TextChoices):
        WORDS = "words", _("a person's words")
        AUTO_REPLY = "auto_reply", _("automatic answer")
        BOUNCE = "bounce", _("returned by the mail system")

    source = models.CharField(_("source"), max_length=60)
    event_id = models.CharField(max_length=120)
    channel = models.CharField(_("channel"), max_length=14, choices=Channel.choices)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.WORDS)
    address = models.ForeignKey(
        "cases.Address", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    sender_sealed = models.BinaryField(null=True)
    sender_hash = models.BinaryField(null=True)
    sender_last4 = models.CharField(max_length=4, blank=True)
    content_sealed = models.BinaryField(null=True)  # the person's own words, without what he quotes
    whole_sealed = models.BinaryField(null=True)  # all of it, where that is more
    content_sha256 = models.CharField(max_length=64)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"))
    taken_at = models.DateTimeField(null=True, blank=True)  # everything that follows from it was done
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)
    seen_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    blanked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("message received")
        verbose_name_plural = _("messages received")
        constraints = [
            models.UniqueConstraint(name="inbound_event_is_taken_once", fields=["source", "event_id"]),
            models.CheckConstraint(
                name="inbound_keeps_its_words_until_blanked",
                condition=Q(blanked_at__isnull=True, content_sealed__isnull=False)
                | Q(blanked_at__isnull=False, content_sealed__isnull=True, whole_sealed__isnull=True),
            ),
            models.CheckConstraint(
                name="inbound_is_seen_by_somebody",
                condition=Q(seen_at__isnull=True, seen_by__isnull=True) | Q(seen_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="inbound_by_time", fields=["-received_at"]),
            models.Index(name="inbound_of_an_address", fields=["address"], condition=Q(address__isnull=False)),
            models.Index(name="inbound_not_finished", fields=["received_at"], condition=Q(taken_at__isnull=True)),
            models.Index(name="inbound_of_a_sender", fields=["sender_hash"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} …{self.sender_last4}"

    @property
    def ref(self) -> str:
        return refs.encode("I", self.pk)

    @property
    def text(self) -> str:
        """The person's words; nothing once they are blanked."""
        return sealed.unseal(self.content_sealed) if self.content_sealed is not None else ""

    @property
    def whole(self) -> str:
        """All of it, with what was quoted."""
        return sealed.unseal(self.whole_sealed) if self.whole_sealed is not None else self.text

    @property
    def sender(self) -> str:
        """The number or address that it came from."""
        return sealed.unseal(self.sender_sealed) if self.sender_sealed is not None else ""


class InboundBinding(models.Model):
    """A message and one of the persons who have the number or address; all of them are bound by it."""

    message = models.ForeignKey(InboundMessage, on_delete=models.PROTECT, related_name="bindings")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(
        "cases.Case", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    contact_point = models.ForeignKey(
        "cases.ContactPoint", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    attempt = models.OneToOneField(
        "contacts.ContactAttempt", null=True, blank=True, on_delete=models.PROTECT, related_name="inbound"
    )
    bound_at = models.DateTimeField()
    bound_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(name="inbound_binds_a_person_once", fields=["message", "person"])]
        indexes = [
            models.Index(name="inbound_bindings_of_a_case", fields=["case"]),
            models.Index(name="inbound_bindings_of_a_person", fields=["person"]),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.person_id}"


class InboundAction(models.Model):
    """What the words were taken to mean for one person, and what was done at once. Undone by a withdrawal, with a
    reason; what the person said in plain words is undone by a second person.
    """

    class Done(models.TextChoices):
        INSTRUCTED = "instructed", _("in force at once")
        HELD = "held", _("contact is held")
        STOOD = "stood", _("was in force already")
        SHOWN = "shown", _("put before a person")
        REFUSED = "refused", _("could not be done; a person must look")

    binding = models.ForeignKey(InboundBinding, on_delete=models.PROTECT, related_name="actions")
    place = models.PositiveSmallIntegerField()
    intent = models.CharField(_("meaning"), max_length=24)
    strength = models.CharField(max_length=8)
    language = models.CharField(max_length=8, blank=True)
    begins = models.PositiveIntegerField()
    ends = models.PositiveIntegerField()
    done = models.CharField(_("what was done"), max_length=12, choices=Done.choices)
    instruction = models.ForeignKey(
        "cases.Instruction", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    hold = models.ForeignKey("cases.Hold", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField()
    asked_at = models.DateTimeField(_("undoing asked for"), null=True, blank=True)
    asked_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(_("why it is undone"), max_length=300, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="inbound_action_has_its_place", fields=["binding", "place"]),
            models.CheckConstraint(
                name="inbound_action_undone_says_why_and_by_whom",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | (Q(undone_at__isnull=False, undone_by__isnull=False) & ~Q(reason="")),
            ),
            models.CheckConstraint(
                name="inbound_action_undoing_is_asked_for_with_a_reason",
                condition=Q(asked_at__isnull=True) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="inbound_action_in_force_names_what_is",
                condition=(Q(done="instructed") & Q(instruction__isnull=False))
                | (Q(done="held") & Q(hold__isnull=False))
                | Q(done__in=["stood", "shown", "refused"]),
            ),
        ]
        indexes = [
            models.Index(
                name="inbound_actions_to_look_at",
                fields=["asked_at"],
                condition=Q(asked_at__isnull=False, undone_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.intent


class InboundAttachment(models.Model):
    """A file that came with a message: its type by its content, kept sealed under its hash outside the web root, or
    refused with a reason.
    """

    message = models.ForeignKey(InboundMessage, on_delete=models.PROTECT, related_name="attachments")
    name_sealed = models.BinaryField()
    media_type = models.CharField(_("type"), max_length=60, blank=True)
    size = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField(max_length=64)
    refused = models.CharField(_("refused because"), max_length=20, blank=True)
    received_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="inbound_attachment_kept_has_a_type", condition=~Q(media_type="") | ~Q(refused="")
            )
        ]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def name(self) -> str:
        return sealed.unseal(self.name_sealed)

    @property
    def is_kept(self) -> bool:
        return not self.refused and self.removed_at is None
