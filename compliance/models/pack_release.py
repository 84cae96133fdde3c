"""The rule packs that decisions were made with, kept for ever."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class PackRelease(models.Model):
    """One content of one rule pack, stored the first time that a decision used it.

    Texts of reasons are rendered from here.
    """

    pack = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    hash = models.CharField(max_length=64)
    content = models.JSONField()
    first_seen_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager["PackRelease"]] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["hash"], name="pack_release_content_is_stored_once"),
            models.CheckConstraint(
                condition=models.Q(hash__regex=r"^[0-9a-f]{64}$"), name="pack_release_hash_is_sha256"
            ),
        )

    def __str__(self) -> str:
        return f"{self.pack} {self.version}"
