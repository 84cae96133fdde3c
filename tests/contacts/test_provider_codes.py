"""What the codes of providers mean, and that one which nobody here knows is never taken for a word of the person.

Codes from the public lists: https://www.twilio.com/docs/api/errors,
https://www.alibabacloud.com/help/doc-detail/116206.htm, https://help.aliyun.com/zh/sms/developer-reference/api-error-codes
"""

import json

import pytest

from contacts.channels.senders.base import AccountRefused, Permanent, Temporary, Unknown
from contacts.channels.senders.http import Answer
from contacts.channels.senders.sms.aliyun import AliyunSms
from contacts.channels.senders.sms.twilio import TwilioSms


@pytest.fixture(autouse=True)
def known(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC1", "token"
    settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET = "id", "secret"
    settings.ALIYUN_SMS_TEMPLATES = '{"SMS_1": "${who}"}'


def said(kind, code, status):
    """Return what an answer with a code is taken to mean, as a sentence of three words."""
    sender = TwilioSms() if kind == "twilio" else AliyunSms()
    body = {"code": int(code)} if kind == "twilio" else {"Code": code, "Message": "x"}
    with pytest.raises((Temporary, Permanent, Unknown)) as raised:
        sender._said(Answer(status, json.dumps(body).encode()))
    error = raised.value
    return type(error), getattr(error, "address_is_bad", False), getattr(error, "opted_out", False)


NOTHING = (False, False)
CODES = [
    ("twilio", "21211", 400, (Permanent, True, False)),
    ("twilio", "21614", 400, (Permanent, True, False)),
    ("twilio", "21610", 400, (Permanent, False, True)),
    ("twilio", "20429", 429, (Temporary, *NOTHING)),
    ("twilio", "20003", 401, (AccountRefused, *NOTHING)),
    ("twilio", "30034", 400, (AccountRefused, *NOTHING)),
    ("twilio", "99999", 400, (Permanent, *NOTHING)),  # a code of next year
    ("twilio", "99999", 401, (AccountRefused, *NOTHING)),
    ("twilio", "99999", 500, (Unknown, *NOTHING)),
    ("twilio", "21211", 503, (Unknown, *NOTHING)),  # whatever it says: it may have left
    ("aliyun", "isv.MOBILE_NUMBER_ILLEGAL", 200, (Permanent, True, False)),
    ("aliyun", "isv.BLACK_KEY_CONTROL_LIMIT", 200, (Permanent, *NOTHING)),  # a word in a value, no wish of the person
    ("aliyun", "isv.PARAM_LENGTH_LIMIT", 200, (Permanent, *NOTHING)),
    ("aliyun", "isv.MOBILE_IN_BLACK", 200, (Permanent, False, True)),
    ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", 200, (Temporary, *NOTHING)),
    ("aliyun", "isv.BUSINESS_LIMIT_DAY", 200, (Temporary, *NOTHING)),
    ("aliyun", "isv.AMOUNT_NOT_ENOUGH", 200, (AccountRefused, *NOTHING)),
    ("aliyun", "isv.RAM_CHECK_FAILED", 200, (AccountRefused, *NOTHING)),
    ("aliyun", "isp.SYSTEM_ERROR", 200, (Unknown, *NOTHING)),
    ("aliyun", "isp.UNKNOWN", 200, (Unknown, *NOTHING)),
    ("aliyun", "isp.GATEWAY_ERROR", 200, (Unknown, *NOTHING)),
    ("aliyun", "isv.A_CODE_OF_NEXT_YEAR", 200, (Permanent, *NOTHING)),
    ("aliyun", "isv.A_CODE_OF_NEXT_YEAR", 500, (Unknown, *NOTHING)),
]


@pytest.mark.parametrize(("kind", "code", "status", "means"), CODES)
def test_a_code_means_what_its_provider_says_and_an_unknown_one_only_fails_the_message(kind, code, status, means):
    assert said(kind, code, status) == means
