"""Rows for tests: one module per app, traits for the usual situations.

Rows are made the way the product leaves them: a balance is the sum of its ledger, a state is reached by its transition,
an attempt of ours hangs on its own permit. Amounts may be given as text.
"""

from datetime import UTC, datetime

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
"""The instant at which rows are made unless a test says otherwise; the same as the fixture `at`."""
