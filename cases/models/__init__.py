from cases.models.account import (
    Account,
    AccountState,
    BucketTransition,
    Creditor,
    LedgerEntry,
    PortfolioFigure,
    Product,
)
from cases.models.approval import Approval, ApprovalPart, ApprovalSignature, AuthorityLimit
from cases.models.arrangement import Promise, PromisePart
from cases.models.bank import BankDay, BankLine
from cases.models.case import Case, Document, Hold, NextAction, Note, Status
from cases.models.client import ApiClient, IdempotencyKey
from cases.models.correction import Correction, Rate
from cases.models.distribution import (
    ConflictOfInterest,
    DistributionMove,
    DistributionRules,
    DistributionRun,
    Workload,
)
from cases.models.exclusion import ExclusionAppeal, ExclusionEntry
from cases.models.imports import AccountLine, ImportBatch, ImportMapping, ImportRow
from cases.models.instruction import Consent, Instruction, InstructionWithdrawal
from cases.models.name import NamesSpelled, PersonName
from cases.models.party import Address, Borrower, ContactPoint, LocationClaim, PartyRole, Person, PersonMerge
from cases.models.payment import Payment, PromisePayment, Refund
from cases.models.plan import Affordability, AffordabilityEvidence, Plan, PlanInstalment, PlanPayment
from cases.models.policy import FirmPolicyVersion
from cases.models.priority import CaseChance, ScoreModel
from cases.models.settlement import Settlement, SettlementLine, SettlementPart, SettlementPayment, Waiver
from cases.models.undo import Callback, Undo
from cases.models.write_off import AssetForDebt, WriteOff

__all__ = [
    "Account",
    "AccountLine",
    "AccountState",
    "Address",
    "Affordability",
    "AffordabilityEvidence",
    "ApiClient",
    "Approval",
    "ApprovalPart",
    "ApprovalSignature",
    "AssetForDebt",
    "AuthorityLimit",
    "BankDay",
    "BankLine",
    "Borrower",
    "BucketTransition",
    "Callback",
    "Case",
    "CaseChance",
    "ConflictOfInterest",
    "Consent",
    "ContactPoint",
    "Correction",
    "Creditor",
    "DistributionMove",
    "DistributionRules",
    "DistributionRun",
    "Document",
    "ExclusionAppeal",
    "ExclusionEntry",
    "FirmPolicyVersion",
    "Hold",
    "IdempotencyKey",
    "ImportBatch",
    "ImportMapping",
    "ImportRow",
    "Instruction",
    "InstructionWithdrawal",
    "LedgerEntry",
    "LocationClaim",
    "NamesSpelled",
    "NextAction",
    "Note",
    "PartyRole",
    "Payment",
    "Person",
    "PersonMerge",
    "PersonName",
    "Plan",
    "PlanInstalment",
    "PlanPayment",
    "PortfolioFigure",
    "Product",
    "Promise",
    "PromisePart",
    "PromisePayment",
    "Rate",
    "Refund",
    "ScoreModel",
    "Settlement",
    "SettlementLine",
    "SettlementPart",
    "SettlementPayment",
    "Status",
    "Undo",
    "Waiver",
    "Workload",
    "WriteOff",
]
