"""The whole way over real sockets: out to a provider, and its reports back in through the served product."""

import time
from typing import Any

import pytest

from contacts import dispatch
from contacts.models import ContactAttempt, DeliveryReceipt
from tests.contacts.conftest import SECRET, TEN, TOKEN, WORDING, Clock
from tests.contacts.test_senders_faults import use
from tests.factories.cases import CaseFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory


@pytest.fixture
def both_ways(site: Any, carrier: Any, settings: Any) -> Any:
    """Return the carrier, which reports to the served product."""
    settings.PUBLIC_URL, settings.CALLBACK_TOKEN = site.url, "hook-token"
    carrier.receipts.url = f"{site.url}/api/v1/webhooks/receipts"
    carrier.receipts.secret, carrier.receipts.token = SECRET, TOKEN
    carrier.receipts.others["aliyun"] = f"{site.url}/api/v1/webhooks/aliyun/hook-token"
    return carrier


@pytest.mark.parametrize("provider", ["generic", "twilio", "aliyun-v3"])
@pytest.mark.parametrize(
    ("fault", "ends", "reports"),
    [
        ("", "delivered", 2),
        ("receipt_before_answer", "delivered", 2),
        ("duplicate_receipts", "delivered", 2),
        ("receipts_out_of_order", "delivered", 2),
        ("undelivered", "failed", 2),
    ],
)
def test_a_message_and_its_reports(both_ways, settings, provider, fault, ends, reports):
    use(provider, both_ways.url, settings)
    settings.ALIYUN_SMS_TEMPLATES = '{"SMS_1": "${who}，逾期 ${amount}。", "SMS_2": "${who}, ${amount} is past due."}'
    step = StepFactory(template=TemplateFactory(channel="sms", versions=WORDING))
    planned = PlannedContactFactory(case=CaseFactory(at=TEN), step=step, at=TEN)
    if fault:
        both_ways.order(fault)
    tally = dispatch.run(channel="sms", limit=1, now=Clock(TEN))
    assert sum(tally.values()) == 1
    if provider == "aliyun-v3":  # it reports only how a message ended
        reports = 1
    until = time.monotonic() + 8
    attempt = ContactAttempt.objects.get(planned=planned)
    while time.monotonic() < until:
        attempt.refresh_from_db()
        kept = DeliveryReceipt.objects.filter(attempt=attempt, applied=True).count()
        if attempt.status == ends and kept == reports and not both_ways.receipts.waiting():
            break
        time.sleep(0.05)
        dispatch.sweep(now=Clock(TEN))
    assert (attempt.status, kept) == (ends, reports), both_ways.stats()["counts"]
    assert both_ways.stats()["counts"].get("receipts.unreachable", 0) == 0
    assert not [name for name in both_ways.stats()["counts"] if name.startswith("receipts.refused")]
