"""Errors of the API, all of one shape: application/problem+json (RFC 9457) with a permanent `code`."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from cases.refusal import Refused

CONTENT_TYPE = "application/problem+json"
CONFLICTS = frozenset({"conflict", "stale", "not-possible", "already-open", "standing", "resolved"})


def problem(*, status: int, code: str, detail: str, **more: Any) -> Response:
    """Return an answer that says what is wrong, for people (`detail`) and for machines (`code`)."""
    body = {"type": "about:blank", "title": code.replace("-", " "), "status": status, "code": code, "detail": detail}
    return Response({**body, **more}, status=status, content_type=CONTENT_TYPE)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem. Anything unexpected stays an error of ours (500), without details."""
    if isinstance(error, Refused):
        set_rollback()
        status = 409 if error.code in CONFLICTS else 422
        return problem(status=status, code=error.code, detail=str(error), **getattr(error, "more", {}))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    answer = _from_api_exception(error)
    for name, value in _headers(error).items():
        answer[name] = value
    return answer


def _from_api_exception(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        return problem(
            status=422,
            code="invalid",
            detail=_("Some fields are not in order; see `errors`."),
            errors=_flat(error.get_full_details()),
        )
    detail = str(error.detail) if not isinstance(error.detail, dict | list) else str(error.default_detail)
    return problem(status=error.status_code, code=error.default_code.replace("_", "-"), detail=detail)


def _flat(details: Any, path: str = "") -> list[dict[str, str]]:
    """Return every error of a nested structure with the path of its field."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        field = path if path != "non_field_errors" else ""
        return [{"field": field, "code": str(details["code"]), "detail": str(details["message"])}]
    if isinstance(details, dict):
        pairs = [(f"{path}.{key}" if path else str(key), value) for key, value in details.items()]
        return [row for key, value in pairs for row in _flat(value, key)]
    return [row for value in details for row in _flat(value, path)]


def _headers(error: exceptions.APIException) -> dict[str, str]:
    header, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    headers = {"WWW-Authenticate": str(header)} if header else {}
    return headers | ({"Retry-After": str(int(wait))} if wait else {})
