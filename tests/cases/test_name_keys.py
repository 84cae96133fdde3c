"""Names are found by any part in any order; Chinese ones by characters, pinyin and initials, read as surnames are."""

import pytest

from cases import name_keys


def finds(asked: str, name: str, *, inside: bool = False) -> bool:
    """Return whether each word of the search begins a key of the name, as the database compares them."""
    found = name_keys.keys(name)
    marks = ("", name_keys.INSIDE) if inside else ("",)
    words = name_keys.words_of(asked)
    return bool(words) and all(any(key.startswith(mark + word) for key in found for mark in marks) for word in words)


@pytest.mark.parametrize(
    "asked",
    ["王丽", "丽", "王 丽", "丽 王", "wang li", "wangli", "wl", "li wang", "WANGLI", "wangl", "王li", "ｗａｎｇ"],
)
def test_a_chinese_name_is_found_by_characters_pinyin_and_initials(asked):
    assert finds(asked, "王丽")


@pytest.mark.parametrize("asked", ["王芳", "zhangli", "wx", "lw", "丽王", "ang", "wanglin"])
def test_what_is_no_part_of_the_name_does_not_find_it(asked):
    assert not finds(asked, "王丽")


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("单雄信", "shan", "dan"), ("曾志伟", "zeng", "ceng"), ("仇英", "qiu", "chou"), ("解晓东", "xie", "jie"),
        ("区志明", "ou", "qu"), ("查良镛", "zha", "cha"), ("朴树", "piao", "pu"), ("任重", "ren", "lin"),
        ("华罗庚", "hua", "huo"), ("尉迟恭", "yuchi", "weichi"), ("万俟卨", "moqi", "wanqi"),
        ("长孙无忌", "zhangsun", "changsun"),
        ("员半千", "yun", "yuan"), ("缪斯", "miao", "mou"), ("種師道", "zhong", "xx"), ("黑土", "he", "hei"),
    ],
)  # fmt: skip
def test_a_surname_of_several_sounds_is_read_as_a_surname(name, right, wrong):
    assert finds(right, name)
    assert not finds(wrong, name)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("覃辉", "qinhui"),
        ("覃辉", "tanhui"),
        ("盖聂", "genie"),
        ("乐嘉", "yuejia"),
        ("乐嘉", "lejia"),
        ("翟志刚", "di"),
    ],
)
def test_a_surname_that_is_two_surnames_is_found_by_both(name, asked):
    assert finds(asked, name)


@pytest.mark.parametrize("asked", ["zhong", "chong", "renzhong", "renchong", "rz"])
def test_a_given_name_that_people_read_differently_is_found_by_each_reading(asked):
    assert finds(asked, "任重")


@pytest.mark.parametrize("asked", ["lv", "lü", "lu", "lvbu", "lubu", "LÜ BU"])
def test_the_vowel_that_keyboards_lack_is_found_in_each_spelling(asked):
    assert finds(asked, "吕布")


def test_a_compound_surname_counts_as_one():
    assert finds("ouyang", "欧阳小明")
    assert finds("oyxm", "欧阳小明")
    assert not finds("oxm", "欧阳小明")


@pytest.mark.parametrize("asked", ["muller", "MÜLLER", "mull", "anna mu", "muller anna"])
def test_accents_capitals_and_order_do_not_matter(asked):
    assert finds(asked, "Anna Müller")


@pytest.mark.parametrize("asked", ["o'neil", "oneil", "o’neil", "neil", "smith", "john smith"])
def test_names_with_apostrophes_and_hyphens_are_found_by_their_parts(asked):
    assert finds(asked, "John O’Neil-Smith")


def test_the_middle_of_a_word_is_found_only_where_it_is_asked_for():
    assert not finds("ohns", "Johnson")
    assert finds("ohns", "Johnson", inside=True)
    assert not finds("oh", "Xiohnson", inside=False)


def test_a_company_has_no_surname():
    assert "dan" in [key[:3] for key in name_keys.keys("单氏公司", is_person=False)]
    assert "dan" not in [key[:3] for key in name_keys.keys("单氏", is_person=True)]


@pytest.mark.parametrize("asked", ["", "'", "%", "&|!:*", "  ", "\\", "🙂"])
def test_signs_are_no_words(asked):
    assert name_keys.words_of(asked) == []


def test_a_search_never_holds_an_operator_that_somebody_typed():
    assert name_keys.query(name_keys.words_of("a'b:* | !c \\")) == "'ab':* & 'c':*"


def test_each_character_and_each_syllable_is_a_key_by_itself():
    assert {"王", "小", "明", "wang", "xiao", "ming"} <= set(name_keys.keys("王小明"))
    assert name_keys.query(["li", "王"], whole=True) == "'li' & '王'"
    assert {"an", "wangx", "小明王"}.isdisjoint(name_keys.keys("王小明"))


def test_a_name_without_end_has_keys_that_end():
    assert max(map(len, name_keys.keys("王" * 200))) == name_keys.LONGEST
    assert len(name_keys.words_of("a b c d e f g h i j")) == name_keys.WORDS
