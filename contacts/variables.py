"""The catalogue of what a wording may name: what each variable stands for, when it has a value, with samples."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Variable:
    """One name that a wording may use: what it stands for, samples, and what a case needs for it to have a value."""

    name: str
    label: LazyText | str
    sample: str
    sample_zh: str
    needs: LazyText | str = ""


_ALL: Final = (
    Variable("borrower_name", _("name of the borrower"), "Wang Fang", "王芳"),
    Variable("salutation", _("salutation"), "Dear Wang Fang", "尊敬的王芳"),
    Variable("creditor_name", _("name of the creditor"), "Example Bank", "示例银行"),
    Variable("creditor_phone", _("service telephone of the creditor"), "+86 95500", "95500"),
    Variable(
        "creditor_address", _("postal address of the creditor"), "1 Example Road, Shanghai", "上海市示例路1号",
        _("the letterhead"),
    ),
    Variable("complaint_line", _("complaint line"), "+86 400 000 0000", "400-000-0000", _("the letterhead")),
    Variable("agency_name", _("name of the agency"), "Example Services Ltd", "示例服务有限公司", _("the letterhead")),
    Variable("account_mask", _("account, last four"), "*4321", "…4321"),
    Variable("account_count", _("number of accounts in the case"), "2", "2"),
    Variable("amount_due", _("amount past due"), "NT$1,234.00", "¥1,234.00"),
    Variable("minimum_amount", _("least amount that brings the accounts up to date"), "NT$1,234.00", "¥1,234.00"),
    Variable("balance", _("whole balance"), "NT$20,500.00", "¥20,500.00"),
    Variable("due_date", _("oldest unpaid due date"), "1 October 2026", "2026年10月1日"),
    Variable("dpd", _("days past due"), "30", "30"),
    Variable("as_of", _("balances as of"), "21 November 2026", "2026年11月21日"),
    Variable("today", _("date of the message"), "22 November 2026", "2026年11月22日"),
    Variable("reference", _("our reference"), "C-7F3K9X", "C-7F3K9X"),
    Variable("promise_amount", _("amount promised"), "NT$500.00", "¥500.00", _("an open promise")),
    Variable("promise_date", _("date promised"), "25 November 2026", "2026年11月25日", _("an open promise")),
    Variable("plan_total", _("whole amount of the plan"), "NT$6,000.00", "¥6,000.00", _("a plan in force")),
    Variable("instalment_amount", _("next instalment"), "NT$500.00", "¥500.00", _("a plan in force")),
    Variable("instalment_date", _("date of the next instalment"), "1 December 2026", "2026年12月1日",
             _("a plan in force")),
    Variable("instalment_number", _("number of the next instalment"), "3", "3", _("a plan in force")),
    Variable("instalment_count", _("number of all instalments"), "12", "12", _("a plan in force")),
    Variable(
        "validation_until", _("until when the debt may be disputed (United States)"), "28 December 2026",
        "2026年12月28日",
    ),
    Variable(
        "payment_methods", _("how to pay"), "transfer to account 1234, or at any branch", "手机银行或任一网点",
        _("the letterhead"),
    ),
    Variable(
        "payment_link", _("page to pay on, with the reference"), "https://pay.example.com/C-7F3K9X",
        "https://pay.example.com/C-7F3K9X", _("the letterhead"),
    ),
    Variable(
        "legal_basis", _("legal basis of the demand"), "the card agreement and Civil Code art. 577",
        "信用卡领用合约及《民法典》第五百七十七条", _("the letterhead"),
    ),
    Variable("recordings_kept", _("how long recordings are kept"), "for two years", "两年", _("the letterhead")),
    Variable("seal", _("place of the seal, in letters"), "Example Bank (seal)", "示例银行（盖章）"),
    Variable("opt_out", _("how to stop these messages"), "Reply STOP to stop", "退订回T"),
    Variable(
        "unsubscribe", _("how to stop e-mails"), "To stop these e-mails, unsubscribe in your mail program",
        "如需退订，请使用邮箱的“退订”功能",
    ),
)  # fmt: skip
VARIABLES: Final[dict[str, Variable]] = {variable.name: variable for variable in _ALL}


def samples(language: str = "en") -> dict[str, str]:
    """Return a value for every variable, as a reader of this language would find it."""
    chinese = language.lower().startswith("zh")
    return {one.name: one.sample_zh if chinese else one.sample for one in _ALL}
