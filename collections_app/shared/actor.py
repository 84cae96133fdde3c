"""Who did it: a signed-in user, the system itself, or a client of the API."""

from dataclasses import dataclass
from typing import Any, Final

USER: Final = "user"
SYSTEM_KIND: Final = "system"
CLIENT: Final = "client"


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, as every verb takes it and the audit trail keeps it.

    kind: user, system or client. id: key of the user or client, None for the system. label: how it reads in a list.
    """

    kind: str
    id: int | None
    label: str

    def __post_init__(self) -> None:
        if self.kind not in (USER, SYSTEM_KIND, CLIENT):
            raise ValueError(f"{self.kind!r} is no kind of actor")
        if (self.id is None) != (self.kind == SYSTEM_KIND):
            raise ValueError("users and clients have a key, the system has none")
        if not self.label:
            raise ValueError("an actor has a name")

    @classmethod
    def of(cls, user: Any) -> "Actor":
        """Return the signed-in user as an actor. Raises ValueError for somebody who is not signed in or not saved."""
        if not getattr(user, "is_authenticated", False) or user.pk is None:
            raise ValueError("nobody is signed in")
        return cls(USER, int(user.pk), str(user.get_username()))

    @classmethod
    def system(cls, label: str) -> "Actor":
        """Return a part of the system as an actor, named after what it does."""
        return cls(SYSTEM_KIND, None, label)

    @classmethod
    def client(cls, *, id: int, label: str) -> "Actor":
        """Return a client of the API as an actor."""
        return cls(CLIENT, id, label)

    def __str__(self) -> str:
        return self.label


SYSTEM: Final = Actor.system("system")
