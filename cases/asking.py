"""Questions that are asked often by users, and whose words depend on what the user may see.

Users of the same rights ask the same words; for each such sort of users a question is put together once. Who asks, and
of which team he is, is said when it is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Final

from django.db.models import QuerySet

from collections_app.shared.asked_often import Asked, parameters_of

RIGHTS: Final = ("cases.view_all", "cases.view_case")  # by which the rows that a user sees differ


@dataclass(frozen=True, slots=True)
class Sort:
    """What the words of a question may depend on."""

    role: str
    is_active: bool
    has_team: bool
    rights: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asker:
    """Stands for a user while a question is put together: his key and his team's are parameters of it."""

    pk: Any
    team_id: Any
    sort: Sort

    @property
    def role(self) -> str:
        return self.sort.role

    @property
    def is_active(self) -> bool:
        return self.sort.is_active

    def has_perm(self, perm: str) -> bool:
        """Return whether such users have one of RIGHTS. Raises LookupError for another right."""
        if perm not in RIGHTS:
            raise LookupError(f"no question of users may depend on {perm}")
        return perm in self.sort.rights


class AskedByUsers[Row]:
    """A question of users that is asked often; called with the user, and its own parameters by name."""

    def __init__(self, build: Callable[Concatenate[Asker, ...], QuerySet[Any, Row]]) -> None:
        self.__doc__, self.__name__, self.__module__ = build.__doc__, build.__name__, build.__module__
        self.build = build
        self._kinds = {name: kind for place, (name, kind) in enumerate(parameters_of(build).items()) if place}
        self._of_sort: dict[Sort, Asked[Row]] = {}

    def __call__(self, user: Any, **values: Any) -> list[Row]:
        sort = Sort(
            role=user.role,
            is_active=user.is_active,
            has_team=user.team_id is not None,
            rights=frozenset(right for right in RIGHTS if user.has_perm(right)),
        )
        asked = self._of_sort.get(sort)
        if asked is None:
            asked = self._of_sort.setdefault(sort, self._for(sort))
        return asked(asker=user.pk, asker_team=user.team_id, **values)

    def first(self, user: Any, **values: Any) -> Row | None:
        """Return the first of the rows, or None where there is none."""
        return next(iter(self(user, **values)), None)

    def _for(self, sort: Sort) -> Asked[Row]:
        def build(asker: Any, asker_team: Any, **values: Any) -> QuerySet[Any, Row]:
            return self.build(Asker(asker, asker_team if sort.has_team else None, sort), **values)

        build.__doc__, build.__name__, build.__module__ = self.__doc__, self.__name__, self.__module__
        return Asked(build, {"asker": int, "asker_team": int, **self._kinds})


def asked_by_users[Row](build: Callable[Concatenate[Asker, ...], QuerySet[Any, Row]]) -> AskedByUsers[Row]:
    """Keep the query set that a function returns for a user: `@asked_by_users def _mine(user: Asker, at: datetime)`."""
    return AskedByUsers(build)
