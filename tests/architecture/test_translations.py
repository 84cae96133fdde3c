"""Every text that people see is translated, and the readers of texts find them."""

from pathlib import Path

from collections_app import translations


def test_every_text_is_translated():
    found = [f"{each.language}: {each.what}: {each.text}" for each in translations.problems()]
    assert found == []


def _catalogue(folder: Path, text: str) -> None:
    path = folder / "zh_Hans" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n' + text, encoding="utf-8")


def test_missing_fuzzy_empty_and_broken_translations_are_found(settings, tmp_path, monkeypatch):
    source = tmp_path / "templates" / "page.html"
    source.parent.mkdir()
    source.write_text(
        '{% load i18n %}{% trans "Good" %}{% trans "Fuzzy" %}{% trans "Empty" %}{% trans "New" %}'
        "{% blocktrans count n=n %}{{ n }} case{% plural %}{{ n }} cases{% endblocktrans %}"
        '{% trans "Name" context "of a file" %}',
        encoding="utf-8",
    )
    _catalogue(
        tmp_path / "locale",
        'msgid "Good"\nmsgstr "好"\n\n#, fuzzy\nmsgid "Fuzzy"\nmsgstr "糊"\n\nmsgid "Empty"\nmsgstr ""\n\n'
        'msgid "%(n)s case"\nmsgid_plural "%(n)s cases"\nmsgstr[0] "%(m)s 个案件"\n\n'
        'msgctxt "of a file"\nmsgid "Name"\nmsgstr "名称"\n\nmsgid "Gone"\nmsgstr "没了"\n',
    )
    settings.BASE_DIR, settings.LOCALE_PATHS = tmp_path, [tmp_path / "locale"]
    assert {(each.what, each.text) for each in translations.problems()} == {
        ("fuzzy", "Fuzzy"),
        ("untranslated", "Empty"),
        ("missing", "New"),
        ("obsolete", "Gone"),
        ("placeholders", "%(n)s case"),
    }


def test_a_compiled_catalogue_is_what_django_reads(settings, tmp_path):
    import gettext

    _catalogue(tmp_path / "locale", 'msgid "Good"\nmsgstr "好"\n')
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    (compiled,) = translations.compile_all()
    with open(compiled, "rb") as file:
        assert gettext.GNUTranslations(file).gettext("Good") == "好"
    assert translations.compile_all() == []
