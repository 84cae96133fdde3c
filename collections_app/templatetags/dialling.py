"""A cleared number as a link that dials."""

from django import template

from contacts.channels import calling

register = template.Library()


@register.filter
def dial_link(number: str, reference: str = "") -> str:
    """Return the address that dials a number, or nothing for what is no number."""
    return calling.link(str(number or ""), str(reference))
