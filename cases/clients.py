"""API clients: made with a token that is shown once, switched off for good by one verb."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from cases.models import ApiClient, Creditor
from collections_app.shared.actor import Actor
from compliance import audit


def token_hash(token: str) -> str:
    """Return what is kept of a token: enough to recognise it, not enough to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def create(
    *, name: str, scopes: Iterable[str], creditors: Iterable[Creditor], actor: Actor, at: datetime, token: str = ""
) -> tuple[ApiClient, str]:
    """Make a client; returns it with its token, which cannot be shown again. token: given only for a demo."""
    token = token or "ct_" + secrets.token_urlsafe(32)
    client = ApiClient.objects.create(
        name=name, token_hash=token_hash(token), token_hint=token[-4:], scopes=sorted(scopes), created_at=at
    )
    client.creditors.set(creditors)
    audit.record("user.token_made", subject=client, actor=actor, at=at, client=name, scopes=sorted(scopes))
    return client, token


@transaction.atomic
def revoke(*, client_id: int, actor: Actor, at: datetime) -> ApiClient:
    """Switch a client off; its next request is refused."""
    client = ApiClient.objects.select_for_update(of=("self",), no_key=True).get(pk=client_id)
    client.is_active = False
    client.save(update_fields=["is_active"])
    audit.record("user.token_revoked", subject=client, actor=actor, at=at, client=client.name)
    return client
