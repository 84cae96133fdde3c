"""People who work here, and what their clock says."""

from datetime import UTC, datetime
from math import ceil
from typing import Any

import factory
from factory.django import DjangoModelFactory

from collections_app.staff.models import ClockOffset, Team, User
from tests.factories.making import KnownFactory, Trait

PASSWORD = "a long pass phrase"


class TeamFactory(KnownFactory):
    """A team: TeamFactory(code="north")."""

    class Meta:
        model = Team
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"team-{n}")
    name = factory.LazyAttribute(lambda team: team.code.replace("-", " ").capitalize())


class UserFactory(DjangoModelFactory):
    """Somebody who signs in with PASSWORD: UserFactory(supervisor=True, team=team)."""

    class Meta:
        model = User

    class Params:
        supervisor = Trait(role="supervisor")
        admin = Trait(role="admin", team=None, is_staff=True)
        compliance = Trait(role="compliance", team=None)

    username = factory.Sequence(lambda n: f"user-{n}")
    name = factory.LazyAttribute(lambda user: user.username.replace("-", " ").capitalize())
    role = "collector"
    team = factory.SubFactory(TeamFactory)

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, password=kwargs.pop("password", PASSWORD), **kwargs)


def set_clock(settings: Any, at: datetime) -> None:
    """Make the product's clock say this instant from now on (it goes on running): set_clock(settings, at)."""
    settings.CLOCK_SHIFT = True
    seconds = ceil((at - datetime.now(UTC)).total_seconds())  # never before the instant itself
    ClockOffset.objects.update_or_create(id=1, defaults={"seconds": seconds})
