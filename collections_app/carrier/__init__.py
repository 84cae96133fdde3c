"""The local carrier: an SMS provider and a mail server that deliver nothing, for development and tests.

It is a process of its own that knows nothing of the product: no Django, no database. The product reaches it as it
reaches any provider, by SMS_PROVIDER_URL and EMAIL_HOST. Its page shows what arrived; faults happen on demand
(`faults.py`).
"""
