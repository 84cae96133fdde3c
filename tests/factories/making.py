"""How rows of tests are made at little cost, where factory_boy itself is lavish."""

from typing import Any

import factory
from django.db.models import Model
from factory.django import DjangoModelFactory


class Trait(factory.Trait):
    """A trait that says it is off, so that nobody asks in vain: factory_boy answers by an error that spells out every
    value and every declaration, once for each field that a trait may change.
    """

    def as_declarations(self, field_name: str, declarations: dict[str, Any]) -> dict[str, Any]:
        """Return what the trait declares, and that it is off unless somebody names it."""
        return {**super().as_declarations(field_name, declarations), field_name: False}


class KnownFactory(DjangoModelFactory):
    """Takes the row that is there already by the fields of `django_get_or_create`, without Django's savepoint around
    making one: no other process makes rows of the same test. anew=True: there can be none, so nobody looks.
    """

    class Meta:
        abstract = True

    anew = False

    @classmethod
    def _get_or_create(cls, model_class: type[Model], *args: Any, **kwargs: Any) -> Model:
        if kwargs.pop("anew"):
            return cls._get_manager(model_class).create(*args, **kwargs)
        names = {name: kwargs[name] for name in cls._meta.django_get_or_create}
        manager = cls._get_manager(model_class)
        return manager.filter(**names).first() or manager.create(*args, **kwargs)
