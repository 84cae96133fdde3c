"""Translations without GNU gettext: Babel collects the texts and compiles them; a fresh machine needs no more."""

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as babel_extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

SOURCES = ("collections_app", "cases", "contacts", "compliance")
FUNCTIONS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
NAMED = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


@dataclass(frozen=True)
class Problem:
    """One text that is not as it should be; `what` is missing, untranslated, fuzzy, obsolete or placeholders."""

    language: str
    what: str
    text: str


def extracted() -> Catalog:
    """Return every text of the sources that people see, with where it stands."""
    catalog = Catalog(charset="utf-8")
    for path in _source_files():
        name = str(path.relative_to(settings.BASE_DIR))
        content, method = path.read_bytes(), "python"
        if path.suffix != ".py":
            # Django's own reader turns template tags into calls between filler; the reader of JavaScript bears the
            # filler.
            content, method = templatize(content.decode(), origin=name).encode(), "javascript"
        for line, text, _, context in babel_extract(method, BytesIO(content), keywords=FUNCTIONS):
            if text and text != ("", ""):
                flags = {"python-format"} if _has_percent(text) else set()
                catalog.add(text, locations=[(name, line)], context=context, flags=flags)
    return catalog


def problems() -> list[Problem]:
    """Return what keeps the catalogues from saying everything that the sources say."""
    found: list[Problem] = []
    wanted = {_id(message) for message in extracted() if message.id}
    for language, path in catalogues().items():
        if not path.is_file():
            found.append(Problem(language, "missing", str(path.relative_to(settings.BASE_DIR))))
            continue
        catalog = _read(path, language)
        has = {_id(message): message for message in catalog if message.id}
        found += [Problem(language, "missing", key[1]) for key in sorted(wanted - set(has))]
        found += [Problem(language, "obsolete", key[1]) for key in sorted(set(has) - wanted)]
        for key in sorted(wanted & set(has)):
            message = has[key]
            strings = message.string if isinstance(message.string, tuple | list) else [message.string]
            if message.fuzzy:
                found.append(Problem(language, "fuzzy", key[1]))
            elif not all(strings):
                found.append(Problem(language, "untranslated", key[1]))
            elif any(not _names(str(string)) <= _names(*_ids(message)) for string in strings):
                found.append(Problem(language, "placeholders", key[1]))
    return found


def update_all() -> dict[str, int]:
    """Bring the catalogues up to date with the sources; return how many texts of each are not translated."""
    counts = {}
    template = extracted()
    for language, path in catalogues().items():
        catalog = _read(path, language) if path.is_file() else Catalog(locale=_babel_locale(language), charset="utf-8")
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            # Without line numbers and dates, so that a moved line changes no catalogue.
            write_po(file, catalog, width=120, no_location=True, omit_header=False, sort_output=True)
        counts[language] = sum(1 for message in catalog if message.id and not message.string)
    return counts


def compile_all() -> list[Path]:
    """Compile the catalogues that are newer than their compiled form; return those."""
    compiled = []
    for language, path in catalogues().items():
        target = path.with_suffix(".mo")
        if not path.is_file() or (target.is_file() and target.stat().st_mtime >= path.stat().st_mtime):
            continue
        buffer = BytesIO()
        write_mo(buffer, _read(path, language))
        new = target.with_suffix(".mo.new")
        new.write_bytes(buffer.getvalue())
        new.replace(target)
        compiled.append(target)
    return compiled


def catalogues() -> dict[str, Path]:
    """Return the catalogue of each language but English, which is the language of the sources."""
    folder = Path(settings.LOCALE_PATHS[0])
    return {
        code: folder / to_locale(code) / "LC_MESSAGES" / "django.po"
        for code, _ in settings.LANGUAGES
        if code != settings.LANGUAGE_CODE
    }


def _source_files() -> list[Path]:
    files: list[Path] = []
    for name in SOURCES:
        files += sorted(
            path
            for path in (settings.BASE_DIR / name).rglob("*")
            if path.suffix in {".py", ".html", ".txt"}
            and not {"migrations", "static", "packs", "carrier"} & set(path.parts)
            and (path.suffix == ".py" or "templates" in path.parts)
        )
    files += sorted((settings.BASE_DIR / "templates").rglob("*.html")) + sorted(
        (settings.BASE_DIR / "templates").rglob("*.txt")
    )
    return files


def _read(path: Path, language: str) -> Catalog:
    with open(path, "rb") as file:
        return read_po(file, locale=_babel_locale(language), charset="utf-8")


def _babel_locale(language: str) -> str:
    return {"zh-hans": "zh_Hans_CN", "zh-hant": "zh_Hant_TW"}.get(language, to_locale(language))


def _ids(message: Message) -> list[str]:
    return list(message.id) if isinstance(message.id, tuple | list) else [str(message.id)]


def _id(message: Message) -> tuple[str, str]:
    return (message.context or "", _ids(message)[0])


def _names(*texts: str) -> set[str]:
    return {match.group(1) or match.group(2) for text in texts for match in NAMED.finditer(text)}


def _has_percent(text: Any) -> bool:
    return any("%(" in part or "%s" in part for part in ([text] if isinstance(text, str) else text) if part)
