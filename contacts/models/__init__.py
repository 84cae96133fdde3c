from contacts.models.attempt import ContactAttempt, DeliveryReceipt
from contacts.models.day import AbuseMark, AbuseTalk, DayTarget, Feedback, FeedbackAnswer
from contacts.models.draft import DraftEdit
from contacts.models.epoch import SendingEpoch
from contacts.models.experiment import ArmAssignment, Experiment
from contacts.models.inbound import InboundAction, InboundAttachment, InboundBinding, InboundMessage
from contacts.models.legal import LegalClock, LegalEvent, LegalReckoning
from contacts.models.night import NightRun, NightStep, Tick
from contacts.models.planned import PlannedContact, StopOrder
from contacts.models.printing import PostalLetter, PrintBatch, Seal
from contacts.models.provider import ProviderState, RefusedCallback
from contacts.models.rehearsal import Rehearsal, RehearsalCell
from contacts.models.script import CallDisclosures, DisclosureTick, Script, ScriptVersion, Stage
from contacts.models.strategy import (
    Enrolment,
    Move,
    Rollout,
    Segment,
    Step,
    Strategy,
    StrategyAlarm,
    StrategyVersion,
)
from contacts.models.telephone import TelephoneCall, TelephoneEvent, TelephoneLine
from contacts.models.template import Channel, Letterhead, Purpose, Template, TemplateVersion
from contacts.models.verification import Verification

__all__ = [
    "AbuseMark",
    "AbuseTalk",
    "ArmAssignment",
    "CallDisclosures",
    "Channel",
    "ContactAttempt",
    "DayTarget",
    "DeliveryReceipt",
    "DisclosureTick",
    "DraftEdit",
    "Enrolment",
    "Experiment",
    "Feedback",
    "FeedbackAnswer",
    "InboundAction",
    "InboundAttachment",
    "InboundBinding",
    "InboundMessage",
    "LegalClock",
    "LegalEvent",
    "LegalReckoning",
    "Letterhead",
    "Move",
    "NightRun",
    "NightStep",
    "PlannedContact",
    "PostalLetter",
    "PrintBatch",
    "ProviderState",
    "Purpose",
    "RefusedCallback",
    "Rehearsal",
    "RehearsalCell",
    "Rollout",
    "Script",
    "ScriptVersion",
    "Seal",
    "Segment",
    "SendingEpoch",
    "Stage",
    "Step",
    "StopOrder",
    "Strategy",
    "StrategyAlarm",
    "StrategyVersion",
    "TelephoneCall",
    "TelephoneEvent",
    "TelephoneLine",
    "Template",
    "TemplateVersion",
    "Tick",
    "Verification",
]
