"""What the parts of a strategy are called in the reader's language: its steps by key, its named sets and conditions."""

from collections.abc import Mapping

from collections_app.shared.listing import listed
from contacts.models import Step, Strategy, StrategyVersion
from contacts.models.texts import in_language
from contacts.strategy import sentences


def called(strategy: Strategy, *codes: str) -> dict[str, str]:
    """Return what named conditions ("good") and named sets ("@south") are called; one that is not there by its code."""
    found: dict[str, str] = {}
    for word, mark in (("named", ""), ("sets", "@")):
        texts = {language: said.get(word, {}) for language, said in strategy.texts.items()}
        for code in {code for said in texts.values() for code in said}:
            found[f"{mark}{code}"] = in_language(texts, code, code)
    return {code: code.removeprefix("@") for code in codes} | found


def steps_by_place(version: StrategyVersion) -> dict[tuple[str, str], str]:
    """Return the steps of a version in a few words, by the keys of the segment and of the step."""
    steps = Step.objects.filter(segment__version=version).select_related("segment", "template")
    ordered = steps.order_by("segment__position", "position", "pk")
    return {(step.segment.key, step.key): sentences.name_of(step) for step in ordered}


def steps_by_key(version: StrategyVersion) -> dict[str, str]:
    """Return the steps of a version in a few words, by key alone: what several segments call by one key is listed."""
    return of_keys(steps_by_place(version))


def of_keys(by_place: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Return names by the key of the step alone, each name once."""
    found: dict[str, list[str]] = {}
    for (_segment, key), name in by_place.items():
        names = found.setdefault(key, [])
        if name not in names:
            names.append(name)
    return {key: listed(names) for key, names in found.items()}
