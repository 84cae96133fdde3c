"""What a person's name is found by, kept beside the person: made in the background, and behind for a minute at most."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class PersonName(models.Model):
    """The keys of one name (`cases.name_keys`). The database marks the row as stale when the name changes."""

    person = models.OneToOneField(
        "cases.Person", primary_key=True, on_delete=models.CASCADE, related_name="spelled", db_constraint=False
    )
    words = SearchVectorField()
    is_stale = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("keys of a name")
        verbose_name_plural = _("keys of names")
        indexes = [
            GinIndex(name="person_names_by_word", fields=["words"]),
            models.Index(name="person_names_to_spell", fields=["person"], condition=Q(is_stale=True)),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}"


class NamesSpelled(models.Model):
    """One row: how far the names are spelled. Every person up to `through` has his keys, or a row that says stale.

    ahead: the last number of a person that had been given when `ahead_of` was the next transaction; once every earlier
    transaction has ended, nobody below it can appear any more.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    through = models.BigIntegerField(default=0)
    ahead = models.BigIntegerField(default=0)
    ahead_of = models.BigIntegerField(default=0)
    looked_through_on = models.DateField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="names_spelled_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.through}"
