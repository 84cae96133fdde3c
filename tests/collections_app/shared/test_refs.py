import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.shared import refs


@given(prefix=st.sampled_from(["C", "A", "PR", "ABC"]), pk=st.integers(0, 2**60 - 1))
def test_a_reference_leads_back_to_its_key(prefix, pk):
    assert refs.decode(prefix, refs.encode(prefix, pk)) == pk


def test_a_reference_never_changes():
    assert [refs.encode("C", pk) for pk in (1, 2, 3)] == ["C-NZPQ8M", "C-W16WN8", "C-2B3XPZ"]


def test_different_keys_have_different_references():
    assert len({refs.encode("C", pk) for pk in range(50_000)}) == 50_000


def test_the_same_key_has_different_references_in_two_kinds():
    assert refs.encode("C", 7)[2:] != refs.encode("A", 7)[2:]


def test_the_first_33_million_keys_take_six_characters():
    assert len(refs.encode("C", 2**25 - 1)) == 8
    assert len(refs.encode("C", 2**25)) == 9


@pytest.mark.parametrize("pk", [1, 24_000, 2**25 - 1, 2**40])
def test_every_single_wrong_character_is_seen(pk):
    ref = refs.encode("C", pk)
    for place in range(2, len(ref)):
        for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if letter != ref[place]:
                with pytest.raises(refs.BadReference):
                    refs.decode("C", ref[:place] + letter + ref[place + 1 :])


@pytest.mark.parametrize("pk", range(1, 40))
def test_every_exchange_of_two_characters_is_seen(pk):
    ref = refs.encode("C", pk)
    for i in range(2, len(ref)):
        for j in range(i + 1, len(ref)):
            if ref[i] != ref[j]:
                letters = list(ref)
                letters[i], letters[j] = letters[j], letters[i]
                with pytest.raises(refs.BadReference):
                    refs.decode("C", "".join(letters))


def test_a_reference_is_understood_as_people_type_it():
    ref = refs.encode("C", 4711)
    assert refs.decode("C", ref.lower()) == 4711
    assert refs.decode("C", " " + ref.replace("-", " ") + "\n") == 4711
    zeros = next(pk for pk in range(10_000) if "0" in refs.encode("C", pk) and "1" in refs.encode("C", pk)[2:])
    typed = refs.encode("C", zeros).replace("0", "o").replace("1", "l")
    assert refs.decode("C", typed) == zeros


@pytest.mark.parametrize(
    "text", ["", "C", "C-", "C-12345", "C-UUUUUU", "A" * 500, "C-７F3K9X", "C-1234567890123456789"]
)
def test_a_text_that_is_no_reference_is_refused(text):
    with pytest.raises(refs.BadReference):
        refs.decode("C", text)


def test_a_reference_of_another_kind_is_refused():
    with pytest.raises(refs.BadReference):
        refs.decode("A", refs.encode("C", 5))


@pytest.mark.parametrize("pk", [-1, 2**60])
def test_a_key_outside_the_range_has_no_reference(pk):
    with pytest.raises(ValueError, match="outside"):
        refs.encode("C", pk)
