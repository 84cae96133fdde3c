"""The edits of a draft: each one whole, so that it can be taken back and done again."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DraftEdit(models.Model):
    """One edit of a draft of a strategy: the document before and after it. Only its state changes."""

    class State(models.TextChoices):
        DONE = "done", _("done")
        UNDONE = "undone", _("taken back")
        DROPPED = "dropped", _("dropped")  # taken back, and then something else was done

    version = models.ForeignKey("contacts.StrategyVersion", on_delete=models.PROTECT, related_name="edits")
    state = models.CharField(max_length=8, choices=State.choices, default=State.DONE)
    what = models.CharField(max_length=30)
    about = models.CharField(max_length=120, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    at = models.DateTimeField()
    by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("edit of a draft")
        verbose_name_plural = _("edits of drafts")
        constraints = [
            models.CheckConstraint(
                name="draft_edit_state_is_known", condition=Q(state__in=["done", "undone", "dropped"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.about}"
