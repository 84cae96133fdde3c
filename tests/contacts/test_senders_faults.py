"""One table: what goes wrong, at which provider, and what is known afterwards. Over real sockets."""

import datetime
import ipaddress
import json
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collections_app.carrier import aliyun
from contacts.channels.senders import voice
from contacts.channels.senders.base import AccountRefused, Permanent, Receipt, Sender, Temporary, Unknown
from contacts.channels.senders.sms import sms_sender
from contacts.channels.senders.voice.cti import LineDown
from contacts.dispatch import carriers
from tests.contacts.conftest import TOKEN, Running
from tests.contacts.telephone import use_telephone
from tests.contacts.test_senders import NUMBER, message, permit_for, send

pytestmark = pytest.mark.django_db
SID = "AC00000000000000000000000000000001"
TEXT = "王芳，您的账户逾期 ¥1,234.00，退订回T"
REGISTERED = {"SMS_2": "您好，${name}", "SMS_1": "${name}，您的账户逾期 ${amount}，退订回T"}
PROVIDERS = ("generic", "form", "twilio", "aliyun-v3", "aliyun-v1")


def use(provider: str, url: str, settings: Any) -> Sender:
    """Make the settings those of a provider behind this address, and return its sender."""
    settings.SMS_PROVIDER = provider.partition("-")[0].replace("form", "generic")
    settings.SMS_PROVIDER_URL, settings.SMS_PROVIDER_TOKEN = f"{url}/sms", TOKEN
    settings.SMS_PROVIDER_HTTP = ""
    if provider == "form":  # a provider without keys and without look-up
        settings.SMS_PROVIDER_HTTP = json.dumps({"look_up": None, "idempotency_header": ""})
    settings.TWILIO_URL, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = f"{url}/twilio", SID, TOKEN
    settings.TWILIO_FROM, settings.TWILIO_MESSAGING_SERVICE_SID = "+12025550100", ""
    settings.ALIYUN_SMS_URL, settings.ALIYUN_SIGNATURE = f"{url}/aliyun", provider.partition("-")[2] or "v3"
    settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET = aliyun.KEY_ID, TOKEN
    settings.ALIYUN_SMS_SIGN_NAME = "示例银行"
    settings.ALIYUN_SMS_TEMPLATES = json.dumps(REGISTERED)
    carriers.forget()
    return sms_sender()


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sender(provider: str, carrier: Running, settings: Any) -> Sender:
    settings.PROVIDER_TIMEOUT_S = 0.3
    return use(provider, carrier.url, settings)


# fault -> what is known, the code of it, whether the carrier took the message
FAULTS: list[tuple[str, type[Exception], str, int]] = [
    ("rate_limited", Temporary, "provider-busy", 0),
    ("credentials", AccountRefused, "provider-refuses-us", 0),
    ("no_funds", AccountRefused, "provider-refuses-us", 0),
    ("redirect", AccountRefused, "provider-moved", 0),
    ("refused", Permanent, "address-unknown", 0),
    ("opted_out", Permanent, "opted-out-at-provider", 0),
    ("error", Unknown, "", 0),
    ("cut", Unknown, "", 0),
    ("delay", Unknown, "", 1),
    ("error_after_accept", Unknown, "", 1),
    ("timeout_after_accept", Unknown, "", 1),
    ("wrong_json", Unknown, "", 1),
    ("slow_body", Unknown, "", 1),
]


@pytest.mark.parametrize(("fault", "known", "code", "taken"), FAULTS)
def test_what_a_provider_does_is_told_apart(carrier, provider, sender, fault, known, code, taken):
    carrier.order(fault, delay_s=0.7, retry_after_s=7)
    with pytest.raises(known) as raised:
        send(sender, text=TEXT)
    assert type(raised.value) is known
    assert getattr(raised.value, "code", "") == code
    if fault == "delay":
        threading.Event().wait(0.7)  # it answers, and takes the message, when nobody listens any more
    assert carrier.stats()["messages"].get("sms", 0) == taken
    if fault == "refused":
        assert raised.value.address_is_bad
    if fault == "opted_out":
        assert raised.value.opted_out
        assert not raised.value.address_is_bad
    if fault == "rate_limited" and not provider.startswith("aliyun"):
        assert raised.value.retry_after == 7


def test_without_a_fault_it_leaves_once_with_its_words(carrier, provider, sender):
    receipt = send(sender, text=TEXT)
    (kept,) = carrier.messages()
    assert receipt.ref == kept.id
    assert receipt.provider == {"twilio": "sms-twilio", "aliyun": "sms-aliyun"}.get(provider[:6], "sms-http")
    assert kept.to == (NUMBER.removeprefix("+86") if provider.startswith("aliyun") else NUMBER)
    if provider.startswith("aliyun"):
        assert kept.text == 'SMS_1 {"name": "王芳", "amount": "¥1,234.00"}'
    else:
        assert kept.text == TEXT


@pytest.mark.parametrize("port", [1, 9])
def test_where_nobody_listens_certainly_nothing_left(provider, settings, port):
    with pytest.raises(Temporary) as raised:
        send(use(provider, f"http://127.0.0.1:{port}", settings), text=TEXT)
    assert raised.value.code == "provider-unreachable"


def test_a_name_that_nobody_knows_certainly_took_nothing(provider, settings):
    with pytest.raises(Temporary) as raised:
        send(use(provider, "https://carrier.invalid", settings), text=TEXT)
    assert raised.value.code == "provider-unreachable"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a certificate that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begins = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "self.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def behind_tls(certificate: Path) -> Iterator[Callable[[], Running]]:
    """Return a function that starts a carrier behind a certificate that nobody has signed."""
    running: list[Running] = []

    def start() -> Running:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        made = Running(tls=context)
        running.append(made)
        return made

    yield start
    for each in running:
        each.close()


def test_a_certificate_that_nobody_signed_ends_it_before_a_word_was_said(behind_tls, provider, settings):
    carrier = behind_tls()
    with pytest.raises(Temporary) as raised:
        send(use(provider, carrier.url, settings), text=TEXT)
    assert raised.value.code == "provider-unreachable"
    assert carrier.messages() == []


def test_with_the_certificate_trusted_the_same_message_leaves(behind_tls, certificate, provider, settings):
    carrier = behind_tls()
    sender: Any = use(provider, carrier.url, settings)
    sender.wire.session.verify = str(certificate)
    assert send(sender, text=TEXT).ref == carrier.messages()[0].id


def test_a_telephone_system_behind_it_rings_nobody_and_is_not_listened_to(behind_tls, settings):
    carrier = behind_tls()
    use_telephone(settings, carrier)
    with pytest.raises(LineDown) as down, voice.telephone_system().line():
        pass
    with pytest.raises(Temporary) as refused:
        voice.telephone_system().ring_desk("desk-1", extension="1001")
    assert (down.value.code, refused.value.code) == ("provider-unreachable", "provider-unreachable")
    assert carrier.web.pbx.dialled == []


def test_a_tls_line_that_is_cut_after_the_words_leaves_a_doubt(behind_tls, certificate, provider, settings):
    carrier = behind_tls()
    sender: Any = use(provider, carrier.url, settings)
    sender.wire.session.verify = str(certificate)
    carrier.order("timeout_after_accept", delay_s=0.1)
    with pytest.raises(Unknown):
        send(sender, text=TEXT)
    assert len(carrier.messages()) == 1


def test_a_server_without_tls_behind_a_secure_address_certainly_took_nothing(carrier, provider, settings):
    with pytest.raises(Temporary) as raised:
        send(use(provider, carrier.url.replace("http:", "https:"), settings), text=TEXT)
    assert raised.value.code == "provider-unreachable"
    assert carrier.messages() == []


def test_a_wrong_secret_is_the_fault_of_us_and_not_of_the_message(carrier, provider, settings):
    use(provider, carrier.url, settings)
    settings.SMS_PROVIDER_TOKEN = settings.TWILIO_AUTH_TOKEN = settings.ALIYUN_ACCESS_KEY_SECRET = "wrong"
    with pytest.raises(AccountRefused):
        send(sms_sender(), text=TEXT)
    assert carrier.stats()["counts"]["refused.token"] == 1


def test_who_can_be_asked_says_what_it_has_and_who_cannot_says_so(carrier, provider, sender):
    key = uuid.uuid4()
    receipt = send(sender, key=key, text=TEXT)
    if not sender.can_look_up:
        assert provider in ("form", "twilio")
        with pytest.raises(Temporary):
            sender.look_up(key, to=NUMBER, since=None)
        return
    assert sender.look_up(key, to=NUMBER) == receipt


def test_only_a_provider_whose_silence_proves_it_says_that_nothing_left(provider, sender):
    key = uuid.uuid4()
    if provider == "generic":
        assert sender.look_up(key, to=NUMBER) is None
    else:
        with pytest.raises(Temporary) as raised:
            sender.look_up(key, to=NUMBER)
        assert raised.value.code == "no-look-up"


def test_a_text_that_no_registered_template_gives_back_is_never_sent_in_other_words(carrier, settings):
    sender = use("aliyun-v3", carrier.url, settings)
    with pytest.raises(Permanent) as raised:
        send(sender, text="王芳，请还款")
    assert (raised.value.code, raised.value.address_is_bad) == ("wording-not-registered", False)
    assert carrier.stats()["counts"].get("sms.posts", 0) == 0


def test_a_number_outside_the_mainland_keeps_its_country(carrier, settings):
    send(use("aliyun-v1", carrier.url, settings), to="+85261234567", text=TEXT)
    assert carrier.messages()[0].to == "85261234567"


def test_the_key_travels_where_the_receipt_will_bring_it_back(carrier, settings):
    settings.PUBLIC_URL = "https://collections.example.com"
    key = uuid.uuid4()
    send(use("twilio", carrier.url, settings), key=key, text=TEXT)
    assert carrier.messages()[0].callback == f"https://collections.example.com/api/v1/webhooks/twilio?key={key}"


def test_a_permit_is_wanted_whoever_the_provider_is(carrier, provider, sender):
    from contacts.channels.senders.base import NotPermitted
    from tests.contacts.conftest import TEN

    with pytest.raises(NotPermitted):
        sender.send(message(text=TEXT), to=NUMBER, permit=permit_for("email"), at=TEN)
    assert carrier.messages() == []


def test_a_receipt_is_the_providers_name_of_the_message(sender):
    assert isinstance(send(sender, text=TEXT), Receipt)
