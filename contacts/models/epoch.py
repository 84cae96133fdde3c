"""How far this database has come: a number that grows every minute, compared with what is kept outside of it."""

from django.db import models
from django.db.models import Q


class SendingEpoch(models.Model):
    """One row. A restored backup has a lower number than the file outside: nothing is sent until a person agrees."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(name="sending_epoch_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(self.number)
