"""One request, one effect: the key of a request is written in the transaction of its effect, with the answer.

A second request with the same key waits for the first and gets its answer; with another body it is refused. A request
that failed or died leaves no key, so it may be sent again.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.models import ApiClient, IdempotencyKey
from cases.refusal import Refused

MAX_LENGTH = 200


class KeyRefused(Refused):
    SENTENCES = {
        "idempotency-key-missing": _("Send an Idempotency-Key header: any text of your own, new for every payment."),
        "idempotency-key-reused": _("This Idempotency-Key was used for another request."),
    }


def once(
    request: Request,
    *,
    client: ApiClient,
    body: bytes,
    endpoint: str,
    at: datetime,
    effect: Callable[[], tuple[int, dict[str, Any]]],
) -> Response:
    """Return the answer of `effect` (status, body), running it at most once for the client's key."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key or len(key) > MAX_LENGTH or not key.isprintable():
        raise KeyRefused("idempotency-key-missing")
    body_sha256 = hashlib.sha256(body).hexdigest()
    with transaction.atomic():
        try:
            with transaction.atomic():  # waits here while another request with this key is under way
                row = IdempotencyKey.objects.create(
                    client=client,
                    key=key,
                    endpoint=endpoint,
                    body_sha256=body_sha256,
                    status=0,
                    answer={},
                    created_at=at,
                )
        except IntegrityError:
            row = IdempotencyKey.objects.get(client=client, key=key)
            if (row.endpoint, row.body_sha256) != (endpoint, body_sha256):
                raise KeyRefused("idempotency-key-reused") from None
            return Response(row.answer, status=row.status, headers={"Idempotent-Replayed": "true"})
        row.status, row.answer = effect()
        row.save(update_fields=["status", "answer"])
    return Response(row.answer, status=row.status)
