"""Two texts, one after the other: what stayed, what is new, what is gone."""

from difflib import SequenceMatcher
from re import findall


def difference(old: str, new: str) -> list[tuple[str, str]]:
    """Return the new text in pieces, each kept ("same"), "new", or "gone" from the old one."""
    before, after = (findall(r"\{\{[^}]*\}\}|[A-Za-z0-9]+|\s+|.", text) for text in (old, new))
    pieces: list[tuple[str, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(after[c:d])))
            continue
        if b > a:
            pieces.append(("gone", "".join(before[a:b])))
        if d > c:
            pieces.append(("new", "".join(after[c:d])))
    return pieces
