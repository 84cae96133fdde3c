"""The demo book: real card accounts, invented people. Nothing here is used outside a demonstration or a test."""

from typing import Final

# Of every demo user; the demo is for machines that only their owner reaches.
PASSWORD: Final = "demo-pass-2026"  # noqa: S105 - printed at every start

# Role, user name, password: what `make run` prints.
SIGN_INS: Final = (
    ("collector", "li.na", PASSWORD),
    ("supervisor", "zhou.min", PASSWORD),
    ("admin", "admin", PASSWORD),
    ("compliance officer", "chen.lu", PASSWORD),
)
