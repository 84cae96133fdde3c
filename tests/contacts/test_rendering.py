"""A wording prints listed values and nothing else, whoever wrote it."""

import tracemalloc
from decimal import Decimal

import pytest

from contacts import rendering
from contacts.rendering import RenderingRefused

HOSTILE = [
    "{{ u.password }}", "{{ user }}", "{{ settings.SECRET_KEY }}", "{{ borrower_name|upper }}",
    '{{ borrower_name|ljust:"900000000" }}', "{{ 7*7 }}", "{{ borrower_name.__class__ }}", "{{ borrower_name['x'] }}",
    "{{ }}", "{{", "}}", "{{ borrower_name", "borrower_name }}", "{{ {{ borrower_name }} }}", "{{{ borrower_name }}}",
    "{{ borrower_name\n}}", "{{\tborrower_name }}", "{{ borrower_name }} {{ nobody }}", "{{ BORROWER_NAME }}",
    "{{ borrower name }}", "{{ borrower_name() }}", "{{ self }}", "{{ request }}", "{{ cycler.__init__ }}",
    "{{ ''.join }}", "{{ ｂorrower_name }}", "{{ borrower_name\u200b }}", "{{" * 1000, "}}" * 1000,
    "{{ " + "a" * 5000 + " }}", "a\x00b", "a\x1b[31m", "\x7f",
]  # fmt: skip

INERT = [
    "{% for x in y %}{% endfor %}", "{% include '/etc/passwd' %}", "{# note #}", "{0.__class__}", "{user.password}",
    "%(password)s", "%s", "${jndi:ldap://x}", "$PATH", "<script>alert(1)</script>", "{ { borrower_name } }", "{%%}",
    "#{7*7}", "<%= 7*7 %>", "[[${7*7}]]", "{!borrower_name!}", "\\{\\{ x \\}\\}", "{'a'}",
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_a_wording_that_is_more_than_text_and_names_is_refused_when_saved(body: str):
    with pytest.raises(RenderingRefused):
        rendering.check_body(body)


@pytest.mark.parametrize("body", HOSTILE[:-3])
def test_and_it_is_refused_again_when_it_would_be_sent(body: str):
    with pytest.raises(RenderingRefused):
        rendering.render(body, values=rendering.samples())


@pytest.mark.parametrize("body", INERT)
def test_other_template_languages_are_plain_text(body: str):
    assert rendering.check_body(body) == frozenset()
    assert rendering.render(body, values=rendering.samples()).body == body


def test_values_are_put_in_where_their_names_stand():
    body = "{{salutation}}, {{ amount_due }}/{{  amount_due  }}."
    assert rendering.check_body(body) == {"salutation", "amount_due"}
    text = rendering.render(body, values={"salutation": "Dear A", "amount_due": "$1"})
    assert text.body == "Dear A, $1/$1."


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is():
    values = {"borrower_name": "{{ balance }} {% x %} %s", "balance": "secret"}
    assert rendering.render("Hello {{ borrower_name }}", values=values).body == "Hello {{ balance }} {% x %} %s"


def test_an_unknown_name_is_named_with_those_that_exist():
    with pytest.raises(RenderingRefused) as refused:
        rendering.check_body("{{ nme }}")
    assert refused.value.code == "unknown-variable"
    assert "nme" in str(refused.value)
    assert "borrower_name" in str(refused.value)


@pytest.mark.parametrize("value", [None, "", "   "])
def test_a_missing_value_is_an_error_that_names_it(value: str | None):
    with pytest.raises(RenderingRefused) as refused:
        rendering.render("{{ promise_date }}", values={"promise_date": value})
    assert (refused.value.code, refused.value.values) == ("missing-value", {"name": "promise_date"})


def test_a_value_cannot_break_a_header_or_a_terminal():
    text = rendering.render(
        "x {{ borrower_name }}",
        subject="To {{ borrower_name }}",
        values={"borrower_name": "A\r\nBcc: b@example.com\x1b"},
        channel="email",
    )
    assert text.subject == "To A Bcc: b@example.com"
    assert "\r" not in text.body
    assert "\x1b" not in text.body


def test_an_email_needs_a_subject_on_one_line():
    for subject, code in (("", "no-subject"), ("a\nb", "control-character")):
        with pytest.raises(RenderingRefused) as refused:
            rendering.check_body("x", subject=subject, channel="email")
        assert refused.value.code == code


def test_a_text_is_bounded_before_it_is_made():
    tracemalloc.start()
    with pytest.raises(RenderingRefused) as refused:
        rendering.render("{{ borrower_name }}" * 400, values={"borrower_name": "x" * 10_000})
    assert refused.value.code == "too-long"
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 400 * 10_000 / 2  # the four million characters were never put together
    made = rendering.render("{{ borrower_name }}" * 40, values={"borrower_name": "x"}, channel="letter")
    assert made.body == "x" * 40


def test_every_variable_has_a_sample_and_only_letters_in_its_name():
    samples = rendering.samples()
    body = " ".join(f"{{{{ {name} }}}}" for name in rendering.VARIABLES)
    assert rendering.check_body(body) == set(samples)
    assert rendering.render(body, values=samples).body == " ".join(samples.values())


@pytest.mark.parametrize(
    ("amount", "currency", "language", "written"),
    [
        ("1234.5", "TWD", "en", "NT$1,234.50"),
        ("1234.50", "CNY", "zh-hans", "¥1,234.50"),
        ("1234", "JPY", "en", "¥1,234"),
        ("0.01", "USD", "en", "$0.01"),
        ("1234567.00", "INR", "xx", "₹1,234,567.00"),
    ],
)
def test_amounts_are_written_as_the_reader_writes_them(amount, currency, language, written):
    assert rendering.money(Decimal(amount), currency, language=language) == written


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, (1, "GSM-7")),
        ("a" * 161, (2, "GSM-7")),
        ("a" * 306, (2, "GSM-7")),
        ("a" * 307, (3, "GSM-7")),
        ("€" * 80, (1, "GSM-7")),
        ("€" * 81, (2, "GSM-7")),
        ("a" * 152 + "€" + "a" * 8, (2, "GSM-7")),
        ("款" * 70, (1, "UCS-2")),
        ("款" * 71, (2, "UCS-2")),
        ("款" * 134, (2, "UCS-2")),
        ("款" * 135, (3, "UCS-2")),
        ("😀" * 35, (1, "UCS-2")),
        ("😀" * 36, (2, "UCS-2")),
        ("", (1, "GSM-7")),
    ],
)
def test_the_parts_of_a_text_message_are_counted_as_networks_do(text, segments):
    assert rendering.sms_segments(text) == segments
