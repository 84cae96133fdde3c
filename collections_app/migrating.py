"""A first migration in a third of the time. Django renders the historical models anew after every operation; here
operations that follow one another and are of one kind change the state together, and the models are rendered once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, Final

from django.db.migrations.migration import Migration
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.signals import class_prepared

# Each of these adds something and looks at nothing that another of its kind adds, but tables that foreign keys name:
# those keys are made at the end of the migration in any case.
KINDS: Final = {CreateModel: "models", AddField: "fields", AddIndex: "rules", AddConstraint: "rules"}


class Together(Operation):
    """Operations of one kind that follow one another: the state of all of them first, then the tables one by one."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    @property
    def reversible(self) -> bool:  # type: ignore[override]
        """Forwards only: what goes back goes one by one."""
        return False

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change the state by all operations, and render what changed once."""
        rendered = state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)
        if rendered is None:
            return
        state.__dict__["apps"] = rendered
        changed = sorted({(app_label, _model_of(operation)) for operation in self.operations})
        state.reload_models(changed, delay=all(isinstance(each, AddIndex | AddConstraint) for each in self.operations))

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Change the tables, one operation after the other."""
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Return what all of them say."""
        return "; ".join(operation.describe() for operation in self.operations)


def together(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations, those of one kind that follow one another as one; the order stays."""
    taken: list[Operation] = []
    for kind, group in groupby(operations, key=lambda each: KINDS.get(type(each))):
        found = list(group)
        taken += [Together(found)] if kind is not None and len(found) > 1 else found
    return taken


@contextmanager
def quicker() -> Iterator[None]:
    """Apply migrations so within the block, and let no state field of a historical model listen to every model made
    after it: models of migrations have no transitions to collect, but each of their state fields would look for some.
    """
    one_by_one = Migration.apply

    def apply(self: Migration, *args: Any, **named: Any) -> ProjectState:
        taken = Migration(self.name, self.app_label)
        taken.operations = together(self.operations)  # type: ignore[misc]
        taken.atomic = self.atomic  # type: ignore[misc]
        return one_by_one(taken, *args, **named)

    class_prepared.connect = lambda *_args, **_named: None  # type: ignore[method-assign]
    Migration.apply = apply  # type: ignore[method-assign]
    try:
        yield
    finally:
        Migration.apply = one_by_one  # type: ignore[method-assign]
        del class_prepared.connect


def _model_of(operation: Operation) -> str:
    name = operation.name if isinstance(operation, CreateModel) else operation.model_name  # type: ignore[attr-defined]
    return str(name).lower()
