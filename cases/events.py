"""Six things that others may want to hear about, sent when the transaction has committed.

Every receiver gets `case_id` and `at`, must be idempotent, and may miss one: nothing that has to be right rests on an
event.
"""

from django.dispatch import Signal

case_opened = Signal()
case_promised = Signal()
promise_broken = Signal()
case_cured = Signal()
case_held = Signal()
case_closed = Signal()
