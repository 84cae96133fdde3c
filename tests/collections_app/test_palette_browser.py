"""Palette and keys in a real browser: what can be done now, search, layouts, input methods, keys of one's own."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import reverse

from cases import name_index
from cases.models import Case
from tests.browsers import keys_act, until, window
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser
PRESS = """([target, list]) => {
  const to = target ? document.querySelector(target) : document.activeElement || document.body;
  for (const [type, init] of list) {
    const known = { bubbles: true, cancelable: true, composed: true, ...init };
    const event = type.startsWith("composition") ? new CompositionEvent(type, known) :
      type === "input" ? new InputEvent(type, known) : new KeyboardEvent(type, known);
    if (init.keyCode) Object.defineProperty(event, "keyCode", { get: () => init.keyCode });
    if (init.altGraph) Object.defineProperty(event, "getModifierState", { value: name => name === "AltGraph" });
    if (init.value !== undefined) to.value = init.value;
    to.dispatchEvent(event);
  }
}"""


@pytest.fixture
def desk(own_database, settings, at):
    """A collector with two cases of Chinese names, one of an English one, and a case of another team."""
    moment = at.replace(hour=3)
    set_clock(settings, moment)
    team = TeamFactory()
    bank = CreditorFactory(team=team, currency="CNY")
    for name in ("单雄信", "王丽", "Anna Smith"):
        CaseFactory(creditor=bank, person=PersonFactory(name=name), at=moment)
    CaseFactory(person=PersonFactory(name="王丽华"), at=moment)
    name_index.spell(at=moment)
    return UserFactory(team=team)


def opened(chromium, site, user, path, *, script="", **options):
    """Open a page as this user; it keeps what the browser complains about."""
    page = window(chromium, site, user, script=script, **options)
    page.goto(site.url + path)
    if options.get("java_script_enabled", True):
        keys_act(page)
    return page


def press(page, *events, target=None):
    """Dispatch events as browsers do: ("keydown", {"key": "a"}); to the element with focus, or to `target`."""
    page.evaluate(PRESS, [target, [list(event) for event in events]])


def chosen(page):
    return page.locator("#palette [role=option][aria-selected=true]").inner_text().split("\n")[0].strip()


def cases_of(page):
    return [
        text.split("\n")[0] for text in page.locator("#palette [data-found-cases] [role=option] b").all_inner_texts()
    ]


def is_open(page, dialog="palette"):
    return page.evaluate(f"document.getElementById('{dialog}').open")


def search(page, text):
    """Type into the open palette, and wait for the answer."""
    with page.expect_response(lambda answer: answer.url.endswith("/search/")):
        page.keyboard.type(text)
    until(page, "!document.getElementById('palette').hasAttribute('aria-busy')")


# The palette


def test_a_case_is_found_by_initials_and_opened_without_a_mouse(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("cases:queue"))
    page.keyboard.press("Control+k")
    search(page, "sxx")
    assert cases_of(page) == ["单雄信"]
    assert page.locator("#palette [role=status]").inner_text() == "1 case"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(reverse("cases:case", args=[Case.objects.get(person__name="单雄信").ref]))
    assert page.complaints == []


def test_nothing_of_another_team_is_offered(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("cases:list"))
    page.keyboard.press("Control+k")
    search(page, "wangli")
    assert cases_of(page) == ["王丽"]


def test_an_empty_question_offers_what_can_be_done_here_and_where_one_can_go(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("cases:list"))
    page.keyboard.press("Control+k")
    offered = [text.split("\n")[0].strip() for text in page.locator("#palette [data-actions] li").all_inner_texts()]
    assert offered[0] == "Search"
    assert {"My queue", "Inbox", "Preferences", "Keys"} <= set(offered)
    assert "Cases" not in offered  # one is there already
    page.keyboard.type("my qu")
    assert chosen(page) == "My queue"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(reverse("cases:queue"))


def test_what_lies_in_a_closed_menu_is_opened_and_not_done(chromium, site, desk):
    case = Case.objects.get(person__name="王丽", team=desk.team)
    page = opened(chromium, site, desk, reverse("cases:case", args=[case.ref]))
    page.keyboard.press("Control+k")
    page.keyboard.type("stop all")
    assert chosen(page) == "stop all contact"
    page.locator("#palette [role=option][aria-selected=true]").click()
    until(page, "document.activeElement.dataset.keyLabel === 'stop all contact'")
    assert page.locator("details[data-quick][open]").count() == 1
    assert not case.person.instructions.exists()


def test_chinese_actions_are_found_by_the_initials_of_their_pinyin(chromium, site, desk):
    desk.language = "zh-hans"
    desk.save(update_fields=["language"])
    page = opened(chromium, site, desk, reverse("cases:list"), locale="zh-CN")
    label = page.locator(".nav-wide a").first.inner_text().strip()
    page.keyboard.press("Control+k")
    assert label == "我的待办"
    page.keyboard.type("wddb")
    assert chosen(page) == label


def test_the_focus_comes_back_and_stays_inside_while_it_is_open(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("cases:list"))
    page.locator("input[name=q]").first.focus()
    page.keyboard.press("Control+k")
    for _turn in range(5):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('body, #palette *')")
    page.keyboard.press("Escape")
    assert not is_open(page)
    assert page.evaluate("document.activeElement.name") == "q"


def test_an_answer_that_comes_late_is_thrown_away(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("cases:list"))

    def slow(route):
        if "q=wangli" in (route.request.post_data or ""):
            page.wait_for_timeout(600)
        route.continue_()

    page.route("**/search/", slow)
    page.keyboard.press("Control+k")
    page.keyboard.type("wangli")
    page.wait_for_timeout(200)
    page.keyboard.press("Control+a")
    search(page, "anna")
    page.wait_for_timeout(900)
    assert cases_of(page) == ["Anna Smith"]


def test_the_parts_say_what_they_are_to_a_screen_reader(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("cases:list"))
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Actions and search")
    assert field.get_attribute("aria-expanded") == "true"
    active = field.get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}[role=option][aria-selected=true]").count() == 1
    search(page, "zzzz")
    assert page.get_by_role("status").filter(has_text="No case is found").count() == 1
    assert field.get_attribute("aria-activedescendant") is None


def test_without_scripts_the_button_leads_to_the_page_that_searches(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("cases:list"), java_script_enabled=False)
    page.locator("a.find").click()
    page.locator("input[name=q]").fill("wangli")
    page.get_by_role("button", name="Find").click()
    assert page.locator("tbody a").all_inner_texts() == ["王丽"]
    assert "wangli" not in page.url


# Layouts and input methods


KEPT = """
window.heard = [];
document.addEventListener('click', event => {
  const keyed = event.target.closest('[data-key]');
  if (keyed) window.heard.push(keyed.dataset.key);
}, true);
document.querySelector('main').insertAdjacentHTML('beforeend', `
  <button type=button data-key=p data-key-label=Pay>p</button>
  <button type=button data-key=l data-key-label=Law>l</button>
  <button type=button data-key=z data-key-label=Zed>z</button>
  <form id=note><input name=text><button data-key='mod+enter' data-key-label=Save>s</button></form>`);
document.getElementById('note').addEventListener('submit', event => {
  event.preventDefault();
  window.heard.push('sent');
});
"""


@pytest.fixture
def board(chromium, site, desk):
    """A page with a button on p and one on l, a field, and a form; what was pressed is kept in `heard`."""
    page = opened(chromium, site, desk, reverse("cases:list"))
    page.evaluate(KEPT)
    yield page
    page.close()


def heard(page):
    return page.evaluate("window.heard.splice(0)")


def test_a_letter_acts_outside_of_fields_only(board):
    press(board, ("keydown", {"key": "p"}), target="body")
    press(board, ("keydown", {"key": "p"}), target="#note input")
    assert heard(board) == ["p"]


LETTERS = [
    {"key": "ł", "code": "KeyL", "altGraph": True},  # pl, Linux
    {"key": "ł", "code": "KeyL", "ctrlKey": True, "altKey": True},  # pl, Windows
    {"key": "ą", "code": "KeyA", "altKey": True},  # pl, Mac
    {"key": "ę", "code": "KeyE", "ctrlKey": True, "altKey": True},
    {"key": "@", "code": "KeyQ", "ctrlKey": True, "altKey": True},  # de, Windows
    {"key": "€", "code": "KeyE", "altGraph": True},  # de, Linux
    {"key": "p", "altKey": True},
    {"key": "p", "ctrlKey": True, "altKey": True},
    {"key": "Dead", "code": "BracketLeft"},
    {"key": "p", "metaKey": True},
    {"key": "p", "ctrlKey": True},
    {"key": "p", "repeat": True},
]


def test_letters_of_other_languages_are_letters_and_no_keys(board):
    for event in LETTERS:
        press(board, ("keydown", event), target="body")
        press(board, ("keydown", event), target="#note input")
        assert heard(board) == [], event
    press(board, ("keydown", {"key": "p"}), target="body")
    assert heard(board) == ["p"]


def test_keys_go_by_what_they_write_on_a_german_keyboard(board):
    press(board, ("keydown", {"key": "z", "code": "KeyY"}), target="body")  # z and y change places
    assert heard(board) == ["z"]
    press(board, ("keydown", {"key": "y", "code": "KeyZ"}), target="body")
    assert heard(board) == []
    press(board, ("keydown", {"key": "?", "code": "Minus", "shiftKey": True}), target="body")  # Shift and ß
    assert is_open(board, "keys")


SENDS = {"key": "Enter", "ctrlKey": True}
COMPOSED = [
    ("compositionstart", {"data": ""}), ("keydown", {"key": "Process", "keyCode": 229, "isComposing": True}),
    ("keydown", {"key": "p", "keyCode": 229, "isComposing": True}), ("keydown", {"key": "p", "isComposing": True}),
]  # fmt: skip


def test_nothing_is_heard_while_pinyin_is_composed(board):
    press(board, *COMPOSED, target="#note input")
    press(board, ("keydown", {"key": "p", "keyCode": 229}), target="body")
    press(board, ("keydown", {**SENDS, "keyCode": 229, "isComposing": True}), target="#note input")
    assert heard(board) == []
    press(board, ("compositionend", {"data": "品"}), target="#note input")
    board.wait_for_timeout(80)
    press(board, ("keydown", {"key": "Enter", "ctrlKey": True}), target="#note input")
    assert heard(board) == ["mod+enter", "sent"]


def test_the_enter_that_takes_a_word_of_the_input_method_opens_nothing(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("cases:list"))
    page.keyboard.press("Control+k")
    field = "#palette input"
    press(page, ("compositionstart", {"data": ""}), ("input", {"value": "wang'li", "isComposing": True}), target=field)
    page.wait_for_timeout(300)
    assert cases_of(page) == []  # half a word is no question
    before = page.url
    press(page, ("keydown", {"key": "Escape", "keyCode": 229, "isComposing": True}), target=field)
    press(page, ("keydown", {"key": "Enter", "keyCode": 229, "isComposing": True}), target=field)
    with page.expect_response(lambda answer: answer.url.endswith("/search/")):
        press(page, ("input", {"value": "王丽", "isComposing": True}), ("compositionend", {"data": "王丽"}),
              ("keydown", {"key": "Enter", "keyCode": 229}), target=field)  # fmt: skip
    until(page, "!document.getElementById('palette').hasAttribute('aria-busy')")
    assert is_open(page)
    assert page.url == before
    assert cases_of(page) == ["王丽"]
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url != before


def test_on_a_mac_command_is_the_key_and_control_edits_text(chromium, site, desk):
    script = "Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' })"
    page = opened(chromium, site, desk, reverse("cases:list"), script=script)
    press(page, ("keydown", {"key": "k", "ctrlKey": True}), target="body")
    assert not is_open(page)
    press(page, ("keydown", {"key": "k", "metaKey": True}), target="body")
    assert is_open(page)
    assert page.locator("a.find kbd").inner_text() == "⌘+k"


def test_single_keys_can_be_switched_off_and_chords_stay(board):
    board.evaluate("localStorage.setItem('single-keys-off', '1')")
    board.reload()
    keys_act(board)
    press(board, ("keydown", {"key": "?", "shiftKey": True}), target="body")
    assert not is_open(board, "keys")
    press(board, ("keydown", {"key": "k", "ctrlKey": True}), target="body")
    assert is_open(board)
    board.evaluate("localStorage.removeItem('single-keys-off')")


def test_a_key_meant_for_the_case_before_does_not_reach_the_next(board):
    board.evaluate("document.dispatchEvent(new Event('guardkeys'))")
    press(board, ("keydown", {"key": "p"}), target="body")
    assert heard(board) == []
    keys_act(board)
    press(board, ("keydown", {"key": "p"}), target="body")
    assert heard(board) == ["p"]


def test_behind_an_open_palette_nothing_acts(board):
    board.keyboard.press("Control+k")
    press(board, ("keydown", {"key": "Enter", "ctrlKey": True}), target="#palette input")
    press(board, ("keydown", {"key": "p"}), target="#palette")
    assert heard(board) == []


# One's own keys


def test_somebodys_own_key_acts_is_shown_and_frees_the_old_one(chromium, site, desk):
    desk.keys = {"/": "ö", "mod+k": "mod+e", "?": "ß"}
    desk.save(update_fields=["keys"])
    page = opened(chromium, site, desk, reverse("cases:list"))
    press(page, ("keydown", {"key": "/"}), target="body")
    assert page.evaluate("document.activeElement.name") != "q"
    press(page, ("keydown", {"key": "ö"}), target="body")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Control+k")
    assert not is_open(page)
    page.keyboard.press("Control+e")
    assert is_open(page)
    page.keyboard.press("Escape")
    press(page, ("keydown", {"key": "ß"}), target="body")
    sheet = page.locator("#keys")
    assert sheet.is_visible()
    said = dict(row.split("\t") for row in sheet.locator("tr").all_inner_texts())
    assert said["ö"] == "Search"
    assert said["Ctrl+e"] == "Everything that can be done here, and search"
    assert "?" not in said


def test_a_key_is_chosen_by_pressing_it(chromium, site, desk):
    page = opened(chromium, site, desk, reverse("keys"))
    field = page.locator('input[name="key-$"]')
    field.focus()
    page.keyboard.press("Control+b")
    assert field.input_value() == "Ctrl+b"
    page.keyboard.press("-")
    assert field.input_value() == "-"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    desk.refresh_from_db()
    assert desk.keys == {"$": "-"}
    assert page.complaints == []


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh-hans", "dark")])
def test_the_palette_and_the_sheet_can_be_worked_by_everybody(chromium, site, desk, language, theme):
    """No finding of axe-core by WCAG 2.2 AA, with actions, with cases, with nothing, and with the sheet of keys."""
    desk.language = language
    desk.save(update_fields=["language"])
    page = opened(chromium, site, desk, reverse("cases:list"), color_scheme=theme, bypass_csp=True)
    page.add_script_tag(content=AXE_SCRIPT)

    def findings():
        ask = "tags => axe.run('dialog[open]', { runOnly: { type: 'tag', values: tags } })"
        found = page.evaluate(ask, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
        return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]

    page.keyboard.press("Control+k")
    assert findings() == []
    search(page, "wl")
    assert findings() == []
    search(page, "zzz")
    assert findings() == []
    page.keyboard.press("Escape")
    until(page, "!document.getElementById('palette').open")
    page.keyboard.press("?")
    until(page, "document.getElementById('keys').open")
    assert findings() == []
