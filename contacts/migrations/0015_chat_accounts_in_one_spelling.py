"""Messaging accounts are kept in one spelling, so that what comes from them finds its person."""

import re

from django.db import migrations, models

from collections_app.shared import sealed

_IDS = {
    "wechat": re.compile(r"[A-Za-z0-9_-]{20,40}"),
    "wecom": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}"),
    "webhook": re.compile(r"[\w.@+-]{1,120}"),
}


def spelt(text):
    """Return the spelling that is kept; the text as it is where it is no account that we know."""
    provider, _colon, name = text.strip().partition(":")
    provider, name = provider.strip().lower(), name.strip()
    name = name.lower() if provider == "wecom" else name
    return f"{provider}:{name}" if provider in _IDS and _IDS[provider].fullmatch(name) else text


def spell(apps, schema_editor):
    Address, ContactPoint = apps.get_model("cases", "Address"), apps.get_model("cases", "ContactPoint")
    for address in Address.objects.filter(kind="chat").order_by("pk").iterator():
        old = sealed.unseal(address.value_sealed)
        new = spelt(old)
        if new == old:
            continue
        digest = sealed.digest("chat", new)
        kept = Address.objects.filter(kind="chat", value_hash=digest).first()
        if kept is None:
            address.value_sealed, address.value_hash = sealed.seal(new), digest
            address.value_last4 = sealed.last4(new) if address.value_last4 else ""
            address.save(update_fields=["value_sealed", "value_hash", "value_last4"])
            continue
        if address.suppressed_at is not None and kept.suppressed_at is None:  # who asked for silence keeps it
            kept.suppressed_at, kept.suppressed_reason = address.suppressed_at, address.suppressed_reason
            kept.save(update_fields=["suppressed_at", "suppressed_reason"])
        known = set(ContactPoint.objects.filter(address=kept).values_list("person_id", flat=True))
        # Points that carry instructions stay where they are; the other spelling is no longer written to.
        for point in ContactPoint.objects.filter(address=address).exclude(state="removed"):
            if point.person_id not in known and not point_is_used(apps, point):
                point.address = kept
                point.save(update_fields=["address"])
                known.add(point.person_id)


def point_is_used(apps, point):
    """Whether history names the point together with its address."""
    return apps.get_model("contacts", "ContactAttempt").objects.filter(contact_point_id=point.pk).exists()


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0001_first_schema"),
        ("contacts", "0014_clocks_of_the_law_per_account"),
    ]

    operations = [
        migrations.AlterField(
            model_name="providerstate",
            name="note",
            field=models.CharField(blank=True, db_default="", max_length=300, verbose_name="reason"),
        ),
        migrations.RunPython(spell, migrations.RunPython.noop, elidable=True),
    ]
