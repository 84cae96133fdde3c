import pytest

from collections_app.shared import sealed

KEY_1 = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
KEY_2 = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY="
MAC_1 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="


@pytest.fixture(autouse=True)
def keys(settings):
    settings.SEALED_KEYS = {"k1": KEY_1}
    settings.SEALED_HMAC_KEY = MAC_1
    return settings


def test_a_sealed_text_comes_back():
    for text in ("+8613800138000", "", "张三 110101199003070000"):
        assert sealed.unseal(sealed.seal(text)) == text


def test_a_sealed_text_does_not_show_the_text_and_never_looks_the_same_twice():
    first, second = sealed.seal("+8613800138000"), sealed.seal("+8613800138000")
    assert first != second
    assert b"13800138000" not in first


def test_one_changed_bit_breaks_the_seal_wherever_it_is():
    box = sealed.seal("42")
    for place in range(len(box)):
        altered = bytearray(box)
        altered[place] ^= 1
        with pytest.raises(sealed.BrokenSeal):
            sealed.unseal(bytes(altered))


@pytest.mark.parametrize("junk", [b"", b"\x01", b"\x01\xff", b"plain text that nobody sealed", b"\x01\x02k1short"])
def test_bytes_that_nobody_sealed_are_refused(junk):
    with pytest.raises(sealed.BrokenSeal):
        sealed.unseal(junk)


def test_after_a_change_of_key_old_seals_open_and_new_ones_use_the_new_key(keys):
    old = sealed.seal("42")
    keys.SEALED_KEYS = {"k2": KEY_2, "k1": KEY_1}
    assert sealed.unseal(old) == "42"
    assert b"k2" in sealed.seal("42")[:4]
    keys.SEALED_KEYS = {"k2": KEY_2}
    with pytest.raises(sealed.BrokenSeal):
        sealed.unseal(old)


def test_what_the_database_gives_back_opens():
    assert sealed.unseal(memoryview(sealed.seal("42"))) == "42"


def test_a_digest_is_equal_for_equal_text_of_one_kind_only(keys):
    one = sealed.digest("phone", "+8613800138000")
    assert one == sealed.digest("phone", "+8613800138000")
    assert len(one) == 32
    assert one != sealed.digest("document", "+8613800138000")
    assert one != sealed.digest("phone", "+8613800138001")
    keys.SEALED_HMAC_KEY = KEY_2
    assert one != sealed.digest("phone", "+8613800138000")


def test_kind_and_text_cannot_be_shifted_into_each_other():
    with pytest.raises(ValueError, match="kind"):
        sealed.digest("a\0b", "c")


@pytest.mark.parametrize("bad", ["", "not base64!", "c2hvcnQ="])
def test_a_bad_key_is_refused_before_anything_is_sealed(keys, bad):
    keys.SEALED_KEYS = {"k1": bad}
    with pytest.raises(sealed.BadKey):
        sealed.seal("42")
    keys.SEALED_HMAC_KEY = bad
    with pytest.raises(sealed.BadKey):
        sealed.digest("phone", "42")


def test_without_any_key_nothing_is_sealed(keys):
    keys.SEALED_KEYS = {}
    with pytest.raises(sealed.BadKey):
        sealed.seal("42")


@pytest.mark.parametrize(
    ("text", "shown"), [("+8613800138000", "8000"), ("TW00001", "0001"), ("12-34-5", "2345"), ("1234", ""), ("", "")]
)
def test_the_last_four_are_shown_unless_they_are_all_there_is(text, shown):
    assert sealed.last4(text) == shown
