from contacts.models.attempt import ContactAttempt, DeliveryReceipt
from contacts.models.night import NightRun, NightStep, Tick
from contacts.models.planned import PlannedContact, StopOrder
from contacts.models.strategy import Enrolment, Segment, Step, Strategy, StrategyVersion
from contacts.models.template import Channel, Letterhead, Purpose, Template, TemplateVersion

__all__ = [
    "Channel",
    "ContactAttempt",
    "DeliveryReceipt",
    "Enrolment",
    "Letterhead",
    "NightRun",
    "NightStep",
    "PlannedContact",
    "Purpose",
    "Segment",
    "Step",
    "StopOrder",
    "Strategy",
    "StrategyVersion",
    "Template",
    "TemplateVersion",
    "Tick",
]
