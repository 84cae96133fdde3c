"""Importing this package registers every widget, in the order in which they stand."""

from collections_app.dashboards.widgets import needs, risk, clocks, flow, book, people, promises  # noqa: F401, I001  (the order is the screen's)
