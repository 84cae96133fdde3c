"""Contacts, planned and made, with the decisions that they hang on, and the templates they are written from."""

from datetime import timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from collections_app.staff.models import User
from compliance.models import Decision
from contacts.models import (
    ContactAttempt,
    Enrolment,
    PlannedContact,
    Rehearsal,
    Segment,
    Step,
    Strategy,
    StrategyVersion,
    Template,
    TemplateVersion,
)
from tests.factories import NOW
from tests.factories.cases import CaseFactory
from tests.factories.making import Trait
from tests.factories.staff import UserFactory


class DecisionFactory(DjangoModelFactory):
    """A permit of three minutes for a call; `refused` for a refusal by the hours of the day."""

    class Meta:
        model = Decision

    class Params:
        refused = Trait(
            verdict="refuse",
            valid_from=None,
            valid_until=None,
            failing=["CN-HOURS"],
            next_permitted=NOW + timedelta(hours=9),
            strength="hard",
        )

    at = NOW
    person_id = 1
    creditor_id = 1
    channel = "phone"
    purpose = "collection"
    content_class = "reminder"
    automated = False
    verdict = "permit"
    valid_from = factory.SelfAttribute("at")
    valid_until = factory.LazyAttribute(lambda row: row.at + timedelta(minutes=3))
    findings = factory.LazyFunction(dict)
    question = factory.LazyFunction(dict)
    facts = factory.LazyFunction(dict)
    engine_version = "test"
    tzdata_version = "test"
    calendar_version = "test"
    entrance = "screen"
    actor_kind = "system"
    actor_label = "test"


class AttemptFactory(DjangoModelFactory):
    """A contact of ours with its own permit: a cleared call unless a trait says otherwise.

    Traits: completed (with `outcome`), sms (sent), delivered, failed, uncertain, withheld, inbound, reported.
    """

    class Meta:
        model = ContactAttempt

    class Params:
        completed = Trait(to="completed", outcome="no_answer")
        sms = Trait(channel="sms", automated=True, to="sent")
        delivered = Trait(channel="sms", automated=True, to="delivered")
        failed = Trait(channel="sms", automated=True, to="failed")
        uncertain = Trait(channel="sms", automated=True, to="uncertain")
        withheld = Trait(channel="sms", automated=True, to="withheld")
        inbound = Trait(origin="inbound", direction="inbound", to="recorded", decision=None)
        reported = Trait(origin="reported", to="recorded", decision=None)

    to = "cleared"
    outcome = ""
    case = factory.SubFactory(CaseFactory)
    person = factory.SelfAttribute("case.person")
    contacted = factory.SelfAttribute("person")
    creditor = factory.SelfAttribute("case.creditor")
    contact_point = factory.LazyAttribute(lambda row: row.person.contact_points.order_by("position", "pk").first())
    address = factory.LazyAttribute(lambda row: row.contact_point.address if row.contact_point else None)
    channel = "phone"
    automated = False
    purpose = "collection"
    content_class = "reminder"
    at = NOW
    recorded_at = factory.SelfAttribute("at")

    @classmethod
    def _create(cls, model_class: type[ContactAttempt], *args: Any, **kwargs: Any) -> ContactAttempt:
        to, outcome, at = kwargs.pop("to"), kwargs.pop("outcome"), kwargs["at"]
        refused = to == "withheld" and not kwargs.get("decision")
        if "decision" not in kwargs:
            point = kwargs["contact_point"]
            kwargs["decision"] = DecisionFactory(
                person_id=kwargs["contacted"].pk,
                creditor_id=kwargs["creditor"].pk,
                case_id=kwargs["case"].pk,
                contact_point_id=point.pk if point else None,
                **{name: kwargs[name] for name in ("channel", "purpose", "content_class", "automated", "at")},
                refused=refused,
            )
        decision = kwargs["decision"]
        if decision is not None and not refused:
            kwargs["valid_from"], kwargs["valid_until"] = decision.valid_from, decision.valid_until
        begins = to if to in ("recorded", "withheld") else "cleared"
        if begins == "withheld":
            kwargs["reason_code"] = kwargs.get("reason_code") or decision.failing[0]
        if begins == "recorded":
            kwargs["outcome"] = outcome or "conversation"
        attempt = model_class.objects.create(status=begins, **kwargs)
        sent = {"began_at": at, "at": at, "provider": "local", "provider_ref": f"m-{attempt.pk}"}
        if to == "completed":
            attempt.complete(at=at + timedelta(seconds=40), outcome=outcome)
        if to in ("sent", "delivered"):
            attempt.send(**sent)
            attempt.save()
        if to == "delivered":
            attempt.deliver()
        if to == "failed":
            attempt.fail(reason_code="provider-refused", permanent=True)
        if to == "uncertain":
            attempt.doubt(reason_code="timeout")
        if to not in (begins, "sent"):  # which are saved already
            attempt.save()
        return attempt


class TemplateFactory(DjangoModelFactory):
    """A template of text messages with an approved wording in English and Chinese."""

    class Meta:
        model = Template
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"reminder-{n}")
    name = "Reminder"
    channel = "sms"

    @factory.post_generation
    def versions(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Write the approved wordings: versions={"en": "…"}, or False for none."""
        if not create or extracted is False:
            return
        wordings = extracted or {
            "en": "{{ creditor_name }}: your account is past due.",
            "zh-hans": "{{ creditor_name }}：您的账户已逾期。",
        }
        for language, body in wordings.items():
            TemplateVersion.objects.create(
                template=self,
                language=language,
                version=1,
                body=body,
                status="approved",
                approved_at=NOW,
                created_at=NOW,
            )


class StrategyVersionFactory(DjangoModelFactory):
    """A published strategy; give its creditors with creditors=[…]. is_draft=True: it is not published yet."""

    class Meta:
        model = StrategyVersion
        skip_postgeneration_save = True

    strategy = factory.LazyFunction(
        lambda: Strategy.objects.create(code=f"strategy-{Strategy.objects.count()}", name="Default")
    )
    version = 1
    created_at = NOW

    @factory.post_generation
    def creditors(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Say whom it is for."""
        if create:
            self.creditors.set(extracted or [])

    @factory.post_generation
    def is_draft(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Publish it, unless it is to stay a draft."""
        if create and not extracted:
            publish(self)


def publish(version: StrategyVersion) -> None:
    """Publish a draft whose content is of no interest: rehearsed in name, approved by somebody."""
    done = {"status": "done", "inputs_hash": "0" * 64, "full_hash": "0" * 64, "finished_at": NOW}
    version.rehearsal = Rehearsal.objects.create(
        version=version, days=7, content_hash="0" * 64, requested_at=NOW, **done
    )
    version.rehearse(at=NOW, content_hash="0" * 64)
    version.save()
    version.approve(at=NOW, by=User.objects.filter(username="approver").first() or UserFactory(username="approver"))
    version.save()
    version.publish(at=NOW)
    version.save()


def in_use(version: StrategyVersion) -> None:
    """Publish a version unless somebody has done so."""
    version.refresh_from_db()
    if version.status == StrategyVersion.Status.DRAFT:
        publish(version)


class SegmentFactory(DjangoModelFactory):
    """Of a draft, which is published when the first case gets on it: EnrolmentFactory, PlannedContactFactory."""

    class Meta:
        model = Segment

    version = factory.SubFactory(StrategyVersionFactory, is_draft=True)
    position = factory.Sequence(lambda n: n)
    key = factory.LazyAttribute(lambda segment: f"s{segment.position}")
    name = "Everybody"


class StepFactory(DjangoModelFactory):
    """A text message from the first day past due."""

    class Meta:
        model = Step

    segment = factory.SubFactory(SegmentFactory)
    key = factory.Sequence(lambda n: f"step-{n}")
    position = factory.Sequence(lambda n: n)
    kind = "message"
    from_dpd = 1
    template = factory.SubFactory(TemplateFactory)


class EnrolmentFactory(DjangoModelFactory):
    """A case on a path; its version is published by it."""

    class Meta:
        model = Enrolment

    @classmethod
    def _create(cls, model_class: type[Enrolment], *args: Any, **kwargs: Any) -> Enrolment:
        in_use(kwargs["version"])
        return super()._create(model_class, *args, **kwargs)

    segment = factory.SubFactory(SegmentFactory)
    version = factory.SelfAttribute("segment.version")
    case = factory.SubFactory(CaseFactory)
    person = factory.SelfAttribute("case.person")
    creditor = factory.SelfAttribute("case.creditor")
    entered_on = NOW.date()


class PlannedContactFactory(DjangoModelFactory):
    """A text message that is due now: PlannedContactFactory(case=case). The version of its step is published by it."""

    class Meta:
        model = PlannedContact
        exclude = ("at",)

    @classmethod
    def _create(cls, model_class: type[PlannedContact], *args: Any, **kwargs: Any) -> PlannedContact:
        in_use(kwargs["step"].segment.version)
        return super()._create(model_class, *args, **kwargs)

    at = NOW
    case = factory.SubFactory(CaseFactory)
    step = factory.SubFactory(StepFactory)
    enrolment = factory.LazyAttribute(
        lambda row: (
            row.case.enrolments.filter(left_on__isnull=True).first()
            or EnrolmentFactory(segment=row.step.segment, case=row.case)
        )
    )
    person = factory.SelfAttribute("case.person")
    creditor = factory.SelfAttribute("case.creditor")
    template = factory.SelfAttribute("step.template")
    channel = factory.LazyAttribute(lambda row: row.template.channel if row.template else "phone")
    business_date = factory.LazyAttribute(lambda row: row.at.date())
    planned_for = factory.SelfAttribute("at")
    try_again_at = factory.SelfAttribute("at")
    expires_at = factory.LazyAttribute(lambda row: row.at + timedelta(days=2))
    created_at = factory.SelfAttribute("at")
