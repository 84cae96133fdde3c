"""Other systems that talk to the API, and the answers that they have already been given."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ApiClient(models.Model):
    """A system with a token of its own, scopes, and the creditors whose rows it may see. Only the hash is kept."""

    class Scope(models.TextChoices):
        PAYMENTS_WRITE = "payments:write", _("post payments")
        CASES_READ = "cases:read", _("read cases and accounts")
        CONTACTS_READ = "contacts:read", _("read contact attempts")
        CONTACTS_WRITE = "contacts:write", _("ask for calls and report them")
        INSTRUCTIONS_WRITE = "instructions:write", _("post instructions, consents and holds")
        DECISIONS_READ = "decisions:read", _("read decisions")

    name = models.CharField(_("name"), max_length=80, unique=True)
    token_hash = models.CharField(max_length=64, unique=True)
    token_hint = models.CharField(_("token ends in"), max_length=4)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), verbose_name=_("scopes"), default=list)
    creditors = models.ManyToManyField("cases.Creditor", verbose_name=_("creditors"), related_name="api_clients")
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField()
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")

    def __str__(self) -> str:
        return self.name

    is_authenticated = True
    is_anonymous = False


class IdempotencyKey(models.Model):
    """One request of one client under one key, and the answer it got; written in the transaction of its effect."""

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="keys")
    key = models.CharField(max_length=200)
    endpoint = models.CharField(max_length=80)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="idempotency_key_is_used_once_per_client", fields=["client", "key"]),
            models.CheckConstraint(name="idempotency_key_is_not_empty", condition=~Q(key="")),
        ]

    def __str__(self) -> str:
        return self.key
