"""The doors of WeChat (official account) and enterprise WeChat.

They want an answer within five seconds and bring an event up to three times; the same one is taken once.
"""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework.request import Request

from collections_app.shared import clock
from contacts.api.views import Webhook
from contacts.channels import chat, tencent_events
from contacts.dispatch import media
from contacts.inbound import attachments


class WeChatWebhook(Webhook):
    """Words, pictures and events of an official account, signed with WECHAT_CALLBACK_TOKEN."""

    name = chat.WECHAT
    door = chat.WECHAT
    taken = "success"

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR, 401: None})
    def get(self, request: Request) -> HttpResponse:
        """Prove to the provider that this address is ours: its own word back."""
        word = tencent_events.echo(self.name, request.query_params.dict(), real_at=clock.now() - clock.offset())
        return HttpResponse(word, content_type="text/plain; charset=utf-8")

    @extend_schema(
        request={"text/xml": OpenApiTypes.STR},
        responses={(200, "text/plain"): OpenApiTypes.STR, 401: None, 422: None},
    )
    def post(self, request: Request) -> HttpResponse:
        """Take one event."""
        at, body = clock.now(), self.body_of(request)
        query: dict[str, Any] = request.query_params.dict()
        said = tencent_events.take(self.name, query, body, at=at, real_at=at - clock.offset())
        if said.message is not None and said.media:
            attachments.bring(said.message, said.file_name, media.fetch(self.name, said.media), at=at)
        return HttpResponse(self.taken, content_type="text/plain; charset=utf-8")


class WeComWebhook(WeChatWebhook):
    """Words, pictures and events of an application of enterprise WeChat, encrypted for WECOM_CORP_ID."""

    name = chat.WECOM
    door = chat.WECOM
    taken = ""
