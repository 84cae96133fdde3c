from django.urls import path
from rest_framework.routers import SimpleRouter

from contacts.api import calls, facts, inbound, rehearsals, tencent, views

router = SimpleRouter(trailing_slash=False)
router.register("calls", calls.CallViewSet, basename="call")
router.register("attempts", views.AttemptViewSet, basename="attempt")
router.register("rehearsals", rehearsals.RehearsalViewSet, basename="rehearsal")

urlpatterns = [
    path("facts", facts.FactsView.as_view(), name="facts"),
    path("webhooks/receipts", views.ReceiptWebhook.as_view(), name="receipts"),
    path("webhooks/twilio", views.TwilioWebhook.as_view(), name="twilio"),
    path("webhooks/aliyun/<str:token>", views.AliyunWebhook.as_view(), name="aliyun"),
    path("webhooks/wechat", tencent.WeChatWebhook.as_view(), name="wechat"),
    path("webhooks/wecom", tencent.WeComWebhook.as_view(), name="wecom"),
    path("webhooks/email", views.MailWebhook.as_view(), name="email-events"),
    path("webhooks/inbound/<str:channel>", inbound.InboundWebhook.as_view(), name="inbound-webhook"),
    path("inbound", inbound.InboundView.as_view(), name="inbound"),
    *router.urls,
]
