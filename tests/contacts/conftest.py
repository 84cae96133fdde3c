"""A carrier over real sockets, and cases whose message may leave at ten in the morning in Shanghai."""

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from collections_app.carrier.faults import Fault, Faults
from collections_app.carrier.receipts import Receipts
from collections_app.carrier.store import Store
from collections_app.carrier.web import Carrier
from contacts import seals
from contacts.dispatch import carriers
from contacts.models import ContactAttempt, PlannedContact
from tests.factories.cases import CaseFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory
from tests.factories.printing import SealFactory

TOKEN, SECRET = "token-of-the-test", "secret-of-the-test"
TEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
WORDING = {
    "en": "{{ salutation }}, {{ amount_due }} is past due at {{ creditor_name }}.",
    "zh-hans": "【{{ creditor_name }}】{{ salutation }}，逾期 {{ amount_due }}。",
}
# A letter with all the parts that the rules of mainland China ask of a written demand.
LETTER = {
    "zh-hans": """{{ salutation }}：您自{{ due_date }}起逾期{{ amount_due }}，账户余额{{ balance }}。
依据《民法典》第五百七十七条应予归还，可转账还款。您可以申请分期，也可以提出异议。
联系电话：{{ creditor_phone }}。{{ creditor_name }}{{ seal }}"""
}


class Running:
    """A carrier in threads of this process."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.store, self.faults = Store(), Faults()
        self.receipts = Receipts(self.store, url="", secret=SECRET, delay_s=0.01)
        self.web = Carrier(("127.0.0.1", 0), store=self.store, faults=self.faults, receipts=self.receipts, token=TOKEN)
        if tls is not None:
            self.web.socket = tls.wrap_socket(self.web.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.web.server_port}"
        threading.Thread(target=self.web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def order(self, kind: str, **more: Any) -> None:
        self.faults.order(Fault(kind, **{"times": 1, **more}))

    def messages(self, channel: str = "sms") -> list[Any]:
        return self.store.latest(channel=channel)

    def stats(self) -> dict[str, Any]:
        return requests.get(f"{self.url}/stats", timeout=5).json()

    def close(self) -> None:
        self.web.shutdown()
        self.receipts.end()
        self.web.server_close()


@pytest.fixture
def carrier(settings: Any) -> Iterator[Running]:
    """Return a running carrier that the product sends its text messages to."""
    running = Running()
    settings.SMS_PROVIDER_URL, settings.SMS_PROVIDER_TOKEN = f"{running.url}/sms", TOKEN
    settings.WEBHOOK_SECRET = SECRET
    settings.PROVIDER_TIMEOUT_S = 2
    carriers.forget()
    yield running
    running.close()
    carriers.forget()


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at

    def move_to_next_try(self, planned: PlannedContact) -> "Clock":
        """Show the instant at which this row is looked at again."""
        planned.refresh_from_db()
        self.at = max(self.at, planned.try_again_at)
        return self


@pytest.fixture
def now() -> Clock:
    """Return a clock that shows ten in the morning in Shanghai."""
    return Clock(TEN)


@pytest.fixture
def plan(db: None) -> Callable[..., PlannedContact]:
    """Return a function that plans one text message for a case: plan(), plan(case=…, channel=…)."""

    def make(**fields: Any) -> PlannedContact:
        channel = fields.pop("channel", "sms")
        case = fields.pop("case", None) or CaseFactory(at=TEN, **fields.pop("case_with", {}))
        wordings = LETTER if channel == "letter" else WORDING
        step = fields.pop("step", None) or StepFactory(template=TemplateFactory(channel=channel, versions=wordings))
        if channel == "letter" and seals.in_use(case.creditor_id) is None:
            SealFactory(creditor=case.creditor)
        return PlannedContactFactory(case=case, step=step, at=TEN, **fields)

    return make


@pytest.fixture
def only_attempt() -> Callable[[PlannedContact], ContactAttempt]:
    """Return a function that gives the single attempt of a planned contact."""

    def find(planned: PlannedContact) -> ContactAttempt:
        (attempt,) = ContactAttempt.objects.filter(planned=planned)
        return attempt

    return find
