"""Settings of providers: what could never leave is refused at the start, with the place of the mistake."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from contacts.channels import providers


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ("{", "no JSON"),
        ("[]", "must be a JSON object"),
        ({"pth": "/x"}, "there is no pth"),
        ({"path": 3}, "path is of the wrong kind"),
        ({"method": "DELETE"}, "method must be one of POST, GET, PUT"),
        ({"encoding": "xml"}, "encoding must be one of json, form, query"),
        ({"method": "GET"}, "encoding must be query"),
        ({"auth": "header"}, "auth header needs auth_name"),
        ({"status": "code"}, "status and accepted belong together"),
        ({"accepted": ["0"]}, "status and accepted belong together"),
        ({"id": ""}, "id must say where"),
        ({"fields": {}}, "fields is of the wrong kind"),
        ({"fields": {"to": "{to}"}}, "fields must hold {text}"),
        ({"fields": {"t": "{text}"}}, "and {to} or {to_digits}"),
        ({"fields": {"t": "{text}{to}{name.__class__}"}}, "fields.t has ['name.__class__']"),
        ({"bad_number": "1"}, "bad_number is of the wrong kind"),
        ({"look_up": {}}, "look_up: path is missing"),
        ({"look_up": {"path": "/x", "absence_proves": "yes"}}, "look_up: absence_proves is of the wrong kind"),
        ({"look_up": {"path": "/x", "what": 1}}, "look_up: there is no what"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused_with_its_place(settings, shape, says):
    settings.SMS_PROVIDER_HTTP = shape if isinstance(shape, str) else json.dumps(shape)
    with pytest.raises(ImproperlyConfigured) as refused:
        providers.http_shape()
    assert says in str(refused.value)
    assert "SMS_PROVIDER_HTTP" in str(refused.value)


def test_what_is_given_stands_over_the_defaults(settings):
    settings.SMS_PROVIDER_HTTP = json.dumps({
        "path": "/send", "encoding": "form", "fields": {"mobile": "{to_digits}", "content": "{text}"},
        "status": "code", "accepted": ["0", 200], "id": "data.msgid", "look_up": None,
    })  # fmt: skip
    shape = providers.http_shape()
    assert (shape.path, shape.encoding, shape.accepted, shape.look_up) == ("/send", "form", ("0", "200"), None)
    assert shape.method == "POST"
    assert providers.fill(shape.fields["mobile"], {"to_digits": "{text}", "text": "no"}) == "{text}"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"SMS_PROVIDER": "pigeon"}, "SMS_PROVIDER must be one of generic, twilio, aliyun"),
        ({"SMS_PROVIDER_URL": "http://sms.example.com"}, "SMS_PROVIDER_URL must begin with https://"),
        ({"SMS_PROVIDER_URL": "https://u:p@sms.example.com"}, "without a password"),
        ({"SMS_PROVIDER": "twilio", "TWILIO_ACCOUNT_SID": "AC1"}, "needs TWILIO_AUTH_TOKEN"),
        ({"SMS_PROVIDER": "twilio", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "x"}, "either TWILIO_FROM or"),
        (
            {"SMS_PROVIDER": "aliyun", "ALIYUN_ACCESS_KEY_ID": "k"},
            "needs ALIYUN_ACCESS_KEY_SECRET, ALIYUN_SMS_SIGN_NAME",
        ),
        ({"EMAIL_PROVIDER": "pigeon"}, "EMAIL_PROVIDER must be smtp or anymail"),
        ({"PUBLIC_URL": "http://collections.example.com"}, "PUBLIC_URL must begin with https://"),
        ({"PROVIDER_RATES": ["sms"]}, "PROVIDER_RATES: 'sms' is not"),
        ({"PROVIDER_RATES": ["sms=0"]}, "PROVIDER_RATES"),
        ({"PROVIDER_RATES": ["sms=nan"]}, "PROVIDER_RATES"),
    ],
)
def test_a_start_that_no_message_could_leave_by_is_refused(settings, given, says):
    for name, value in given.items():
        setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        providers.check()
    assert says in str(refused.value)


def test_settings_that_fit_are_taken(settings):
    settings.SMS_PROVIDER_URL, settings.PROVIDER_RATES = "https://sms.example.com", ["sms=20", "email=0.5"]
    providers.check()
    assert providers.rates() == {"sms": 20.0, "email": 0.5}
    settings.SMS_PROVIDER_URL = ""
    assert providers.sms_provider() == ""


@pytest.mark.parametrize(
    ("templates", "says"),
    [
        ({}, "names no registered template"),
        ({"SMS_1": ""}, "must be the registered text"),
        ({"SMS_1": "${a}${b}"}, "side by side"),
        ({"SMS_1": "${a} ${a}"}, "uses a variable twice"),
    ],
)
def test_registered_texts_that_cannot_be_taken_apart_are_refused(settings, templates, says):
    settings.ALIYUN_SMS_TEMPLATES = json.dumps(templates)
    with pytest.raises(ImproperlyConfigured) as refused:
        providers.registered_templates()
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("王芳，逾期¥10.00，退订回T", {"name": "王芳", "amount": "¥10.00"}),
        ("${name}，逾期10，退订回T", {"name": "${name}", "amount": "10"}),
        ("王芳，逾期¥10.00，退订回T。", None),
        ("王芳：逾期¥10.00，退订回T", None),
        ("，逾期¥10.00，退订回T", None),
    ],
)
def test_a_text_is_taken_apart_only_where_it_comes_back_letter_by_letter(settings, text, values):
    registered = "${name}，逾期${amount}，退订回T"
    settings.ALIYUN_SMS_TEMPLATES = json.dumps({"SMS_1": registered})
    (template,) = providers.registered_templates()
    assert template.values_in(text) == values
    if values is not None:
        assert registered.replace("${name}", values["name"], 1).replace("${amount}", values["amount"], 1) == text
