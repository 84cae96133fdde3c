"""A strategy version tried on the whole live book, on a simulated clock, before anybody is contacted by it.

`ask` makes a row that waits; `rehearse_waiting` (a task) and `rehearse` (the command) do the work. How the book is kept
from being touched is said in `shadow`, what is simulated in `running` and `sending`; what a rehearsal rests on is read
by `contacts.strategy.inputs`.
"""

from contacts.rehearsal.verbs import (
    RehearsalRefused,
    ask,
    fail_dead,
    rehearse,
    rehearse_waiting,
    waiting,
)

__all__ = [
    "RehearsalRefused",
    "ask",
    "fail_dead",
    "rehearse",
    "rehearse_waiting",
    "waiting",
]
