"""What others may want to hear about people who work here. Sent where it happens; receivers get `user` and `at`."""

from django.dispatch import Signal

signed_in = Signal()
signed_out = Signal()
sign_in_failed = Signal()  # also `address`, the network address it came from; not sent for a name that nobody has
