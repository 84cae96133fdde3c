"""A case: one person and one creditor, everything owed there, worked by one team until it is cured or closed."""

from datetime import date, datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.instruction import Source, ends_or_has_a_reviewer
from collections_app.shared import refs


class Status(models.TextChoices):
    NEW = "new", _("new")
    WORKING = "working", _("being worked")
    PROMISED = "promised", _("promise open")
    ON_PLAN = "on_plan", _("on a plan")
    CURED = "cured", _("cured")
    CLOSED = "closed", _("closed")


RESOLVED = (Status.CURED, Status.CLOSED)
OPEN = (Status.NEW, Status.WORKING, Status.PROMISED, Status.ON_PLAN)


class NextAction(models.TextChoices):
    CALL = "call", _("call")
    REVIEW = "review", _("review")
    CALLBACK = "callback", _("call back as agreed")
    VERIFY_PAYMENT = "verify_payment", _("check a payment")
    WAIT_PROMISE = "wait_promise", _("wait for the promised payment")
    WAIT_PLAN = "wait_plan", _("wait for the next instalment")
    WAIT_STRATEGY = "wait_strategy", _("the strategy goes on")


HUMAN_ACTIONS = (NextAction.CALL, NextAction.REVIEW, NextAction.CALLBACK, NextAction.VERIFY_PAYMENT)


class CaseQuerySet(models.QuerySet["Case"]):
    def unresolved(self):
        return self.exclude(status__in=RESOLVED)

    def visible_to(self, user):
        """The only way to a case: all of them with that right, else the cases of the user's own team."""
        if not user.is_active:
            return self.none()
        if user.has_perm("cases.view_all"):
            return self
        if user.has_perm("cases.view_case") and user.team_id is not None:
            return self.filter(team_id=user.team_id)
        return self.none()

    def by_ref(self, ref: str):
        """Cases with this public reference: one or none (also for a reference that is not well formed)."""
        try:
            return self.filter(pk=refs.decode("C", ref))
        except refs.BadReference:
            return self.none()

    def waiting_for_a_person(self, at: datetime):
        """Unresolved cases whose next action is a person's and due.

        Said in the words of the index `case_worklist`, so that a queue is read by it and not from all cases of a book.
        """
        return self.filter(status__in=OPEN, next_action__in=HUMAN_ACTIONS, next_action_at__lte=at)


class Case(FSMModelMixin, models.Model):
    class DefaultReason(models.TextChoices):
        UNKNOWN = "unknown", _("not yet known")
        CASH_SQUEEZE = "cash_squeeze", _("cash squeeze in normal trading")
        MARKET_CHANGE = "market_change", _("change of the market")
        FAMILY_CHANGE = "family_change", _("change in the family")
        MALICIOUS = "malicious", _("malicious default")
        UNEMPLOYMENT = "unemployment", _("loss of work")
        ILLNESS = "illness", _("illness")
        DEATH = "death", _("death")
        DISPUTE = "dispute", _("disputes the debt")
        FORGOT = "forgot", _("forgot")
        UNTRACEABLE = "untraceable", _("cannot be traced")

    class Grade(models.TextChoices):
        UNKNOWN = "unknown", _("unknown")
        LOW = "low", _("low")
        MIDDLE = "middle", _("middle")
        HIGH = "high", _("high")

    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="cases")
    # Tied by the key over two columns (migration 0024): one check instead of three.
    person = models.ForeignKey(
        "cases.Person", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="cases"
    )
    borrower = models.ForeignKey(
        "cases.Borrower", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="cases"
    )
    team = models.ForeignKey(
        "staff.Team", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="cases"
    )
    owner = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    owner_since = models.DateTimeField(_("with its collector since"), null=True, blank=True)
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.NEW, protected=True)
    closed_reason = models.CharField(_("closed because"), max_length=40, blank=True)
    opened_on = models.DateField(_("opened"))
    opened_at = models.DateTimeField()
    cured_at = models.DateTimeField(_("cured"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    # Figures as of the last close of day or payment; DPD on a date is `date - past_due_since`.
    past_due_since = models.DateField(_("past due since"), null=True, blank=True)
    balance = models.DecimalField(_("balance"), max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    score = models.IntegerField(_("priority"), default=0)

    default_reason = models.CharField(
        _("reason for default"), max_length=20, choices=DefaultReason.choices, default=DefaultReason.UNKNOWN
    )
    default_detail = models.CharField(_("detail"), max_length=40, blank=True)
    willingness = models.CharField(_("willingness"), max_length=8, choices=Grade.choices, default=Grade.UNKNOWN)
    ability = models.CharField(_("ability"), max_length=8, choices=Grade.choices, default=Grade.UNKNOWN)
    is_hardship = models.BooleanField(_("in hardship"), default=False)

    next_action = models.CharField(_("next action"), max_length=16, choices=NextAction.choices, blank=True)
    next_action_at = models.DateTimeField(_("due"), null=True, blank=True)
    next_action_note = models.CharField(_("note"), max_length=200, blank=True)
    last_contact_at = models.DateTimeField(_("last contact"), null=True, blank=True)
    last_right_party_at = models.DateTimeField(_("last right-party contact"), null=True, blank=True)

    lease_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    # Kept for the person who holds it while he is still at the case before; it counts only while the lease runs.
    lease_is_ahead = models.BooleanField(default=False, db_default=False)
    version = models.PositiveIntegerField(default=1)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.UniqueConstraint(
                name="case_is_open_once_per_person_and_creditor",
                fields=["person", "creditor"],
                condition=~Q(status__in=["cured", "closed"]),
            ),
            models.UniqueConstraint(name="case_id_and_person_are_a_key", fields=["id", "person"]),
            models.CheckConstraint(name="case_status_is_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(
                name="case_cured_at_set_only_when_cured",
                condition=Q(status="cured", cured_at__isnull=False) | (~Q(status="cured") & Q(cured_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="case_closed_says_when_and_why",
                condition=(Q(status="closed", closed_at__isnull=False) & ~Q(closed_reason=""))
                | (~Q(status="closed") & Q(closed_at__isnull=True, closed_reason="")),
            ),
            models.CheckConstraint(
                name="case_open_has_a_next_action",
                condition=(Q(status__in=["cured", "closed"]) & Q(next_action="", next_action_at__isnull=True))
                | (~Q(status__in=["cured", "closed"]) & ~Q(next_action="") & Q(next_action_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="case_lease_has_a_holder_and_an_end",
                condition=Q(lease_by__isnull=True, lease_until__isnull=True)
                | Q(lease_by__isnull=False, lease_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="case_worklist",
                # The instant says of those who are put off that they do not wait, without a look at their rows.
                fields=["team", "-score", "id", "next_action_at"],
                condition=Q(
                    status__in=["new", "working", "promised", "on_plan"],
                    next_action__in=["call", "review", "callback", "verify_payment"],
                ),
            ),
            models.Index(
                name="cases_unresolved_of_a_creditor",
                fields=["creditor", "id"],
                condition=Q(status__in=["new", "working", "promised", "on_plan"]),
            ),
            models.Index(name="cases_of_a_person", fields=["person"]),
            models.Index(name="cases_leased", fields=["lease_by"], condition=Q(lease_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return refs.encode("C", self.pk)

    @property
    def is_resolved(self) -> bool:
        return self.status in RESOLVED

    def dpd_on(self, business_date: date) -> int:
        """Days past due on that date: the largest of the case's accounts; 0 when nothing is past due."""
        if self.past_due_since is None:
            return 0
        return max(0, (business_date - self.past_due_since).days)

    @transition(field=status, source=[Status.NEW, Status.PROMISED, Status.ON_PLAN], target=Status.WORKING)
    def work(self) -> None:
        """Somebody works it, or what had been agreed was not kept."""

    @transition(field=status, source=[Status.NEW, Status.WORKING], target=Status.PROMISED)
    def promise(self) -> None:
        """The borrower has promised a payment by a date."""

    @transition(field=status, source=[Status.NEW, Status.WORKING, Status.PROMISED], target=Status.ON_PLAN)
    def enter_plan(self) -> None:
        """An instalment plan was approved and is being performed."""

    @transition(field=status, source=list(OPEN), target=Status.CURED)
    def cure(self, *, at: datetime) -> None:
        """The arrears are cleared; nothing more is asked of the borrower."""
        self.cured_at = at
        self._rest()

    @transition(field=status, source=list(OPEN), target=Status.CLOSED)
    def close(self, *, at: datetime, reason: str) -> None:
        """The case ends without cure: sold, recalled, written off without pursuit, opened in error."""
        self.closed_at = at
        self.closed_reason = reason
        self._rest()

    @transition(field=status, source=Status.CURED, target=Status.WORKING)
    def reopen(self) -> None:
        """What cured the case was undone: a payment was reversed."""
        self.cured_at = None

    def _rest(self) -> None:
        self.next_action = ""
        self.next_action_at = None
        self.next_action_note = ""
        self.lease_by = None
        self.lease_until = None


class Hold(models.Model):
    """A reason not to contact, beside the status: typed, with an end or a review date, and somebody to review it."""

    class Kind(models.TextChoices):
        DISPUTE = "dispute", _("dispute")
        COMPLAINT = "complaint", _("complaint")
        BANKRUPTCY = "bankruptcy", _("bankruptcy")
        DECEASED = "deceased", _("deceased")
        REPRESENTED = "represented", _("represented by a lawyer")
        HARDSHIP = "hardship", _("hardship")
        VULNERABLE = "vulnerable", _("vulnerable")
        BREATHING_SPACE = "breathing_space", _("breathing space")
        FRAUD = "fraud", _("suspected fraud or stolen identity")
        POLICY = "policy", _("firm policy")
        CRISIS = "crisis_moratorium", _("mental health crisis treatment")
        CAPACITY = "capacity_limited", _("capacity to act is limited")
        MINOR = "minor", _("minor")
        ADVISER = "debt_adviser", _("a debt adviser makes a plan")
        DEFERRAL = "deferral", _("collection deferred")
        OCCASION = "occasion", _("bereavement or other occasion")

    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="holds")
    creditor = models.ForeignKey(
        "cases.Creditor", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    account = models.ForeignKey("cases.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.OTHER)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    review_on = models.DateField(_("review on"), null=True, blank=True)
    reviewer_team = models.ForeignKey(
        "staff.Team", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    reviewer = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    treatment_ended_on = models.DateField(_("treatment ended"), null=True, blank=True)
    extensions = models.PositiveSmallIntegerField(_("extended, times"), default=0)
    batch = models.ForeignKey(
        "cases.ImportBatch", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    placed_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    released_reason = models.CharField(_("released because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(
                name="hold_of_a_kind_stands_once",
                fields=["person", "creditor", "account", "kind"],
                condition=Q(released_at__isnull=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="hold_released_says_why",
                condition=Q(released_at__isnull=True, released_reason="")
                | (Q(released_at__isnull=False) & ~Q(released_reason="")),
            ),
            models.CheckConstraint(name="hold_ends_or_has_a_reviewer", condition=ends_or_has_a_reviewer("ends_on")),
            models.CheckConstraint(
                name="hold_that_defers_has_an_end_and_is_extended_once",
                condition=~Q(kind="deferral") | Q(ends_on__isnull=False, extensions__lte=1),
            ),
            models.CheckConstraint(
                name="hold_only_a_crisis_has_an_end_of_treatment",
                condition=Q(treatment_ended_on__isnull=True) | Q(kind="crisis_moratorium"),
            ),
        ]
        indexes = [
            models.Index(name="holds_of_a_person", fields=["person"]),
            models.Index(name="holds_to_review", fields=["review_on"], condition=Q(released_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class Note(models.Model):
    """What somebody wrote about a case. It is never changed; a correction is a new note that names the old one."""

    case = models.ForeignKey(Case, db_index=False, on_delete=models.PROTECT, related_name="notes")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("note"), max_length=4000)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey("staff.User", null=True, db_index=False, on_delete=models.PROTECT, related_name="+")
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [models.CheckConstraint(name="note_says_something", condition=~Q(text=""))]
        indexes = [models.Index(name="notes_of_a_case", fields=["case", "-written_at"])]

    def __str__(self) -> str:
        return self.text[:60]


class Document(models.Model):
    """A file that belongs to a case; the file lies in storage under its hash, the row says what it is."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="documents")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=30)
    title = models.CharField(_("title"), max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey("staff.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.CheckConstraint(name="document_hash_is_a_sha256", condition=Q(sha256__regex=r"^[0-9a-f]{64}$"))
        ]
        indexes = [models.Index(name="documents_of_a_case", fields=["case", "-added_at"])]

    def __str__(self) -> str:
        return self.title
