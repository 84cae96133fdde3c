"""What the law says about giving up or changing a claim, shown to whoever signs. Short, sourced, no advice."""

from collections.abc import Iterator
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

ANY: Final = "*"
GIVING: Final = frozenset({"settlement", "waiver"})
AGREEING: Final = frozenset({"settlement", "plan", "asset"})

# Jurisdiction, kinds of approval, what it says, source.
_NOTES: Final[tuple[tuple[str, frozenset[str], LazyText | str, str], ...]] = (
    (
        "CN",
        AGREEING,
        _("Agreeing to pay, and paying in part, starts the limitation period of the whole claim anew."),
        "民法典 195；法释〔2020〕17号 14",
    ),
    (
        "CN",
        GIVING | AGREEING,
        _("A guarantor who did not agree in writing stays liable for the lighter debt, and for nothing added to it."),
        "民法典 695",
    ),
    (
        "CN",
        frozenset({"plan"}),
        _("Personalised instalments on a card last five years at most, and the text has to say what art. 70 asks."),
        "商业银行信用卡业务监督管理办法 70",
    ),
    (
        "CN",
        frozenset({"write_off"}),
        _("Written off in the books, the claim is kept on file and pursued with care as before."),
        "金融企业呆账核销管理办法（财金〔2017〕90号）",
    ),
    (
        "CN",
        frozenset({"exclusion"}),
        _("The person is told before bad news about him is passed on; it is kept for five years after the default."),
        "征信业管理条例 15、16",
    ),
    (
        "US",
        GIVING,
        _("Cancelling 600 dollars or more of a debt may have to be reported to the tax authority and the person."),
        "26 CFR 1.6050P-1",
    ),
    ("US", frozenset({"settlement"}), _("A debt that has been settled is not sold or passed on."), "12 CFR 1006.30(b)"),
    (
        "GB",
        GIVING | AGREEING,
        _("Customers in default or difficulty are treated with forbearance and due consideration."),
        "CONC 7.3.4R",
    ),
)


def notes(kind: str, jurisdiction: str) -> Iterator[tuple[LazyText | str, str]]:
    """Yield what the law of a place says about a kind of approval, with its source."""
    place = jurisdiction.partition("-")[0]
    for where, kinds, text, source in _NOTES:
        if where == place and kind in kinds:
            yield text, source
