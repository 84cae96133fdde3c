"""The state machines as the code declares them: drawn for people, and compared with what the database enforces."""

from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django_fsm import FSMField


@dataclass(frozen=True, slots=True)
class Move:
    """One declared transition: the method that makes it, from where to where, and what it means."""

    verb: str
    source: str
    target: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The states of one model and the moves between them, in the order of declaration."""

    model: type[models.Model]
    states: tuple[str, ...]
    moves: tuple[Move, ...]

    @property
    def table(self) -> str:
        return self.model._meta.db_table


def machines() -> list[Machine]:
    """Return every model with a protected state, by table name."""
    found = []
    for model in apps.get_models():
        field = next((field for field in model._meta.fields if isinstance(field, FSMField)), None)
        if field is None:
            continue
        moves = {
            Move(t.name, str(t.source), str(t.target), (t.method.__doc__ or "").strip())
            for t in field.get_all_transitions(model)
        }
        states = tuple(str(value) for value, _label in field.choices or [])
        order = {state: index for index, state in enumerate(states)}
        by_order = sorted(moves, key=lambda move: (order[move.source], order[move.target], move.verb))
        found.append(Machine(model, states, tuple(by_order)))
    return sorted(found, key=lambda machine: machine.table)


def page() -> str:
    """Return docs/states.md: a drawing and a table for every machine."""
    parts = [
        "# States",
        "",
        "Drawn from the code by `manage.py draw_states`; a test fails when this page or a database trigger differs.",
        "Every move is made by one verb that locks, checks, saves and records it. The database refuses any other move.",
    ]
    for machine in machines():
        parts += ["", f"## {machine.model.__name__}", "", "```mermaid", "stateDiagram-v2"]
        parts += [f"    {move.source} --> {move.target}: {move.verb}" for move in machine.moves]
        parts += ["```", "", "| from | verb | to | meaning |", "|---|---|---|---|"]
        parts += [f"| {move.source} | {move.verb} | {move.target} | {move.meaning} |" for move in machine.moves]
    return "\n".join(parts) + "\n"
