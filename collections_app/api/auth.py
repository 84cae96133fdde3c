"""Who calls the API: a client with a bearer token, allowed what its scopes say, about its own creditors."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from cases.clients import token_hash
from cases.models import ApiClient
from collections_app.shared import clock


class ClientTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. Only the hash of a token is kept; a client switched off is out at once."""

    keyword = b"bearer"

    def authenticate(self, request: Request) -> tuple[ApiClient, None] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != self.keyword:
            return None
        if len(parts) != 2 or not parts[1].isascii():
            raise AuthenticationFailed(_("The Authorization header is: Bearer <token>."))
        client = ApiClient.objects.filter(token_hash=token_hash(parts[1].decode()), is_active=True).first()
        if client is None:
            raise AuthenticationFailed(_("The token is not known or has been switched off."))
        today = clock.now().date()
        if client.last_used_on != today:
            ApiClient.objects.filter(pk=client.pk).update(last_used_on=today)
        return client, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """A view names what it needs: `scope = "cases:read"`. A view that names nothing is closed."""

    message = _("This token lacks the scope that this needs.")

    def has_permission(self, request: Request, view: Any) -> bool:
        client = request.user
        return isinstance(client, ApiClient) and getattr(view, "scope", None) in client.scopes
