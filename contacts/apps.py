from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    name = "contacts"
    verbose_name = _("Contacts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contacts import back_dating, call_records, listeners, undoing
        from contacts.channels import calling, chat, providers, telephony, tencent_events

        back_dating.register()
        providers.check()
        chat.check()
        tencent_events.check()
        calling.shape()
        telephony.check()
        listeners.connect()
        undoing.register()
        call_records.register()
