"""The words of the agreement of a plan, in English and Chinese. Figures are filled in by `contacts.agreements`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The agreement in one language."""

    locale: str
    comma: str
    titles: Mapping[str, str]
    opening: str
    figures: Mapping[str, str]
    schedule: str
    heading: tuple[str, ...]
    down: str
    tentative: str
    paying: str
    collection: str
    miss: str
    breaking: str
    reinstating: str
    changing: str
    early: str
    remainder: str
    personalised: tuple[str, ...]
    rights: str
    signatures: str
    cycles: Mapping[str, str]
    components: Mapping[str, str]
    fees_run: str
    fees_rest: str
    method: str
    branch: str


_EN: Final = Text(
    locale="en_GB",
    comma=", ",
    titles={
        "instalment": "Instalment agreement",
        "extension": "Agreement to pay later",
        "deferral": "Agreement to begin paying later",
        "reduced": "Agreement on reduced payments",
        "personalised": "Personalised instalment agreement",
        "hardship": "Hardship agreement",
    },
    opening="{creditor} and {name} agree on how the debt below is paid (case {case}; {accounts}).",
    figures={
        "covers": "Balance covered by this agreement: {covers}, in {currency}.",
        "structure": "It consists of: {structure}.",
        "cycle": "To be paid: {count} instalment(s), {cycle}, from {first} to {last}.",
        "method": "Paid by: {method}.",
        "down_payment": "Down payment, due on signing: {down_payment}.",
        "rate": "Interest: {rate} % a year, by the day, on what is still owed; {interest} in all.",
        "no_interest": "Interest: none during this agreement.",
        "fees": "Fees and penalty interest: {fees}.",
        "total": "To be paid in all: {total}.",
        "remainder": "Still owed when all is paid: {remainder}.",
        "replaces": "It takes the place of the agreement made before, once.",
        "until": "This offer stands until {until}.",
    },
    schedule="Schedule",
    heading=("No.", "Due", "Amount", "of it interest"),
    down="down",
    tentative="The public holidays of the later dates are not published yet: such a date moves to the next working "
    "day.",
    paying="An amount is paid in time when it has arrived by its date or within {grace} day(s) after it.",
    collection="While this agreement is kept, neither the creditor nor anybody who works for it collects this debt. "
    "Reminders before a date remain: they are a service.",
    miss="An instalment that has not arrived within {grace} day(s) after its date is missed. It can be made good until "
    "{breaks} days after its date; the agreement then goes on as if nothing had happened.",
    breaking="If it is not made good by then, the agreement ends: everything that is not paid falls due, interest "
    "and fees "
    "run again from that day as in the original contract, and collection may go on. Nothing is charged for the end.",
    reinstating="Within {reinstate} days after that, paying what is behind by then brings this agreement back, once, "
    "at the "
    "same terms.",
    changing="If your circumstances change, tell us before you miss a date: {phone}. This agreement can be "
    "renegotiated once.",
    early="Everything may be paid earlier on any day: what is still owed, with interest up to that day only. "
    "Today that is {settles}.",
    remainder="When all instalments are paid, {remainder} is still owed. How it is paid is then looked at together.",
    personalised=(
        "The holder confirms that the balance is more than he can pay at once and that he is willing to pay it. This "
        "agreement lasts no longer than five years (Measures for the Supervision of the Credit Card Business of "
        "Commercial Banks, art. 70).",
        "Until everything is paid, the holder applies for a credit card at no bank.",
        "Interest, annual fee and other fees during the instalments: {fees}.",
        "If the holder does not keep this agreement, the bank may end it as said above and collect what is owed by "
        "law; "
        "if the bank collects while it is kept, the holder may complain to the bank and to the supervisory authority.",
    ),
    rights="You may see your account, object to it and complain at any time: {phone}. Both sides have a copy.",
    signatures="Borrower: ______________________    Date: ______________\n\nFor the creditor: ________________    "
    "Date: "
    "______________",
    cycles={"monthly": "every month", "fortnightly": "every two weeks", "weekly": "every week"},
    components={
        "principal": "principal", "interest": "interest", "penalty": "penalty interest", "fee": "fees",
        "cost": "costs", "unsplit": "balance not split by the source", "credit": "credit",
    },
    fees_run="go on as in the original contract",
    fees_rest="none during this agreement",
    method="transfer to the account, the app, or any branch",
    branch="any branch",
)  # fmt: skip

_ZH: Final = Text(
    locale="zh_Hans_CN",
    comma="、",
    titles={
        "instalment": "分期还款协议",
        "extension": "展期还款协议",
        "deferral": "延期还款协议",
        "reduced": "减额还款协议",
        "personalised": "个性化分期还款协议",
        "hardship": "困难客户还款协议",
    },
    opening="{creditor}（以下简称“债权人”）与{name}（以下简称“还款人”）就下列欠款的偿还达成协议（案件编号：{case}；账"
    "户：{accounts}）。",
    figures={
        "covers": "本协议涵盖的欠款余额：{covers}，币种：{currency}。",
        "structure": "欠款结构：{structure}。",
        "cycle": "还款期数：{count}期，{cycle}，自{first}至{last}。",
        "method": "还款方式：{method}。",
        "down_payment": "首付款（签署时支付）：{down_payment}。",
        "rate": "利息：年利率{rate}%，按日计息，以尚未偿还部分为基数；利息合计{interest}。",
        "no_interest": "利息：本协议期间不计收利息。",
        "fees": "年费、违约金及其他费用：{fees}。",
        "total": "应还总额：{total}。",
        "remainder": "全部还清各期后尚欠：{remainder}。",
        "replaces": "本协议取代此前的还款协议，仅可重新协商一次。",
        "until": "本协议须于{until}前签署。",
    },
    schedule="还款计划表",
    heading=("期次", "还款日", "金额", "其中利息"),
    down="首付",
    tentative="较晚日期所在年度的法定节假日安排尚未公布：如遇非工作日，还款日顺延至下一工作日。",
    paying="款项于还款日当日或其后{grace}日内到账的，视为按时还款。",
    collection="本协议正常履行期间，债权人及其委托的任何机构不得就本笔欠款进行催收；还款日前的提醒属于服务，不受影响。",
    miss="还款日后{grace}日内未到账的，视为该期逾期；还款日后{breaks}日内补足的，协议继续履行，不受影响。",
    breaking="逾期未在上述期限内补足的，本协议终止：全部未还款项立即到期，自该日起按原合同恢复计收利息和费用，债权人"
    "可以恢复催收；终止本身不收取任何费用。",
    reinstating="协议终止后{reinstate}日内，还款人补足届时已到期款项的，本协议按原条款恢复一次。",
    changing="情况发生变化的，请在还款日之前告知：{phone}。本协议可重新协商一次。",
    early="还款人可随时提前结清：尚未偿还的本金及截至结清当日的利息。今日结清金额为{settles}。",
    remainder="各期还清后尚欠{remainder}，届时双方另行协商偿还方式。",
    personalised=(
        "还款人确认欠款金额超出其还款能力且仍有还款意愿；本协议期限最长不超过五年（《商业银行信用卡业务监督管理办法》"
        "第七十条）。",
        "还款人承诺：在未还清全部款项之前，不向任何银行申领信用卡。",
        "分期期间年费、利息及其他费用：{fees}。",
        "还款人不履行本协议的，发卡银行可按上述约定终止协议并依法追偿；发卡银行在协议履行期间进行催收的，还款人有权向"
        "发卡银行及监管部门投诉。",
    ),
    rights="还款人有权随时查询账户、提出异议和投诉：{phone}。本协议一式两份，双方各执一份。",
    signatures="还款人（签字）：__________________　　日期：______________\n\n债权人（盖章）：__________________　　"
    "日期：______________",
    cycles={"monthly": "按月还款", "fortnightly": "每两周还款", "weekly": "按周还款"},
    components={
        "principal": "本金", "interest": "利息", "penalty": "罚息", "fee": "费用", "cost": "实现债权的费用",
        "unsplit": "来源未拆分的余额", "credit": "溢缴款",
    },
    fees_run="按原合同计收",
    fees_rest="本协议期间不计收",
    method="转账至还款账户、手机银行或任一网点",
    branch="任一网点",
)  # fmt: skip

TEXTS: Final = {"en": _EN, "zh": _ZH}
