"""Two hundred hostile wordings and values: refused by name or plain text; none runs, leaks, hangs or grows."""

import time
from collections.abc import Iterator

import pytest

from cases.refusal import Refused
from contacts import rendering, wording_rules, wordings

SECRET = "SECRET-OF-THE-INSTALLATION"
CODE = (
    "settings.SECRET_KEY", "request.user.password", "borrower_name.__class__", "borrower_name.__class__.__mro__",
    "creditor_name|upper", "creditor_name|safe", "creditor_name|ljust:900000000", "creditor_name|default:settings",
    "7*7", "1+1", "''.join", "[].__class__", "().__class__.__bases__[0]", "config", "self", "cycler", "lipsum",
    "namespace", "g", "url_for", "import os", "__import__('os')", "os.system('id')", "open('/etc/passwd').read()",
    "eval(1)", "exec('x')", "lambda: 0", "borrower_name()", "borrower_name[0]", "borrower_name.0", "borrower_name:d",
    "borrower_name!r", "borrower_name=1", "%s", "$reference", "${reference}", "#reference", "-reference-",
    "reference ;",
    "reference\treference", "reference, dpd", "reference reference", "Reference", "REFERENCE", "référence", "rеference",
    "refеrence",
    "ｒeference", "reference1", "1reference", "reference-1", "reference.", ".reference", "reference'",
    '"reference"', "`reference`", "{reference}", "{ reference", "", " ", "\t", "\n", "\u3000",
    "\u200breference", "reference\u200b", "ref\u00aderence", "\u202ereference", "x" * 41, "x" * 7000, "_" * 40, "__",
    "_", "include 'x'", "extends 'base'", "load static", "csrf_token", "debug", "now 'Y'", "ssi '/etc/passwd'",
    "block x",
    "forloop.counter", "messages", "user", "request", "perms", "password", "token", "address", "phone", "id_number",
    "borrower_phone", "borrower_address", "account_number", "employer", "family",
    "collector", "staff", "decision", "env", "secret_key",
    "database_url", "created_at", "pk", "id", "class", "true", "null", "nan", "infinity", "constructor", "proto",
)  # fmt: skip
SHAPES = (
    "{{", "}}", "{{{{", "}}}}", "}}{{", "{{ reference", "reference }}", "{{ reference }", "{ reference }}{{",
    "{{ {{ reference }} }}", "{{{{ reference }}}}", "{{{ reference }}}", "{{ reference }}}}", "{{{{ reference }}",
    "{{ reference {{ dpd }}", "{{ reference }} }}", "{{\nreference\n}}", "{{ reference\x00 }}", "{{" * 3000,
    "}}" * 3000,
    "{{ " * 2000, "{{ reference }}" * 201, "{{ x }}" * 1000, "{" * 7999 + "{{",
)  # fmt: skip
HIDDEN = tuple(
    f"Pay{letter}please {{{{ reference }}}}"
    for letter in "\x00\x01\x07\x08\x0b\x0c\x1b\x7f\x85\x9b\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c"
    "\u202d\u202e\u2028\u2029\u2060\u2066\u2067\u2068\u2069\ufeff\ufff9\ufffb\U000e0001\ud800\udfff\r"
)
EMPTY = ("", " ", "\n\n", "\t", "\u3000", "x" * 8001, "好" * 8001, " \n" * 5000)
PLAIN = (  # nothing special to us: they stay what they are
    "{% load static %}{{ reference }}", "{% for a in b %}x{% endfor %}", "{# comment #}", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "'; DROP TABLE contacts_template; --",
    "%(reference)s %s %d", "$reference ${reference} $(id)", "{reference} {0} {}", "{0.__class__}", "\\x00 \\u0000 \\n",
    "../../etc/passwd", "file:///etc/passwd", "javascript:alert(1)", "&lt;b&gt; &amp; &#0;", "<![CDATA[x]]>",
    "<!DOCTYPE x [<!ENTITY a 'b'>]>&a;", "`id` $(id) | id ; id", "BEGIN:VCARD\nEND:VCARD",
    "Subject: x\nBcc: y@example.com",
    "\u0627\u0644\u0645\u0628\u0644\u063a", "e\u0301" * 300, "\U0001f600" * 200, "Z\u0351\u036b\u0343\u036a", "a" * 900,
    "{ { reference } }", "{%reference%}", "[[ reference ]]", "<% reference %>", "#{reference}", "@{reference}",
)  # fmt: skip
REFUSED = (*(f"x {{{{{inside}}}}} y" for inside in CODE), *SHAPES, *HIDDEN, *EMPTY)


def hostile() -> Iterator[str]:
    """Return every one of them."""
    yield from REFUSED
    yield from PLAIN


def test_there_are_two_hundred_of_them():
    assert len(set(hostile())) >= 200


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_a_hostile_wording_is_refused_by_name(number):
    begun = time.process_time()
    with pytest.raises(Refused) as refused:
        wordings.check("", REFUSED[number], channel="sms")
    assert refused.value.code in rendering.RenderingRefused.SENTENCES
    assert len(str(refused.value)) < 1500
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("number", range(len(PLAIN)))
def test_what_means_something_elsewhere_is_plain_text_here(number):
    body = PLAIN[number]
    wordings.check("", body, channel="letter")
    begun = time.process_time()
    text = rendering.render(body, values=rendering.samples(), channel="letter")
    assert time.process_time() - begun < 0.05
    assert text.body == body.replace("{{ reference }}", "C-7F3K9X")
    assert wording_rules.content_of("", body, channel="letter", purpose="collection")["identity_stated"] is False


@pytest.mark.parametrize("value", [*(f"{{{{{inside}}}}}" for inside in CODE[:30]), *SHAPES, *PLAIN, "x" * 10_000_000])
def test_a_hostile_value_stays_a_value(value):
    begun = time.process_time()
    values = {"borrower_name": value, "reference": SECRET}
    text = rendering.render("Dear {{ borrower_name }}.", values=values, channel="letter")
    assert time.process_time() - begun < 0.05
    assert SECRET not in text.body
    assert len(text.body.encode()) < 64 * 1024
    assert len(text.body) <= len("Dear .") + rendering.MOST_VALUE


def test_the_longest_wording_with_the_longest_values_is_bounded():
    names = list(rendering.VARIABLES)
    body = "".join(f"{{{{ {names[n % len(names)]} }}}}" for n in range(200))
    values = dict.fromkeys(names, "好" * 400)
    begun = time.process_time()
    with pytest.raises(rendering.RenderingRefused) as refused:
        rendering.render(body, values=values, channel="letter")
    assert (refused.value.code, time.process_time() - begun < 0.05) == ("too-long", True)
    text = rendering.render("{{ borrower_name }}" * 49, values=values, channel="letter")
    assert len(text.body.encode()) == 49 * 1200
    with pytest.raises(rendering.RenderingRefused):
        rendering.render("{{ borrower_name }}" * 49, values=dict.fromkeys(names, "\U0001f600" * 400), channel="letter")
