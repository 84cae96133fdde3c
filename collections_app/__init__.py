"""The wiring of the product: settings, urls, Celery, sign-in, dashboards and the API root. It holds no debt logic."""

from collections_app.celery import app as celery_app

__all__ = ["celery_app"]
