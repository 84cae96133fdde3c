"""The checks of `make check` that need Django: deployment settings, migrations, translations."""

import os
import subprocess
import sys
from base64 import b64encode
from secrets import token_bytes, token_urlsafe
from typing import Any

from django.conf import settings

from collections_app import database, translations
from collections_app.commands import ReportCommand


class Command(ReportCommand):
    """`check_everything` ends with status 1 and says what is wrong where one of its checks fails."""

    help = "Check deployment settings, migrations and translations, as `make check` does."
    scratch = False

    def report(self, **options: Any) -> dict[str, Any]:
        """Run the checks and return what each said; an empty text is good."""
        missing = translations.problems()
        # Django's checks of models ask the database for its version.
        production = production_environment(DATABASE_URL=database.url(settings.DATABASES["default"]["NAME"]))
        report = {
            "deployment": _ends_well("check", "--deploy", "--fail-level", "WARNING", env=production),
            "migrations": _ends_well("makemigrations", "--check", "--dry-run"),
            "translations": "\n".join(f"{each.language}: {each.what}: {each.text}" for each in missing),
        }
        self.failed = any(report.values())
        return report

    def describe(self, report: dict[str, Any]) -> str:
        """Show what is wrong."""
        return "\n".join(f"{name}: {says or 'ok'}" for name, says in report.items())


def production_environment(**changes: str) -> dict[str, str]:
    """Return an environment as production has it, with throw-away secrets; `changes` replace or add variables."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VAR_DIR") if name in os.environ}
    return {
        **kept,
        "DATABASE_URL": "postgresql://app:unused@localhost/unused",
        "REDIS_URL": "redis://localhost:1/0",
        "SECRET_KEY": token_urlsafe(64),
        "SEALED_KEYS": f"k1:{b64encode(token_bytes(32)).decode()}",
        "SEALED_HMAC_KEY": b64encode(token_bytes(32)).decode(),
        "ALLOWED_HOSTS": "collections.example.com",
        "SMS_PROVIDER_URL": "https://sms.example.com",
        "SMS_PROVIDER_TOKEN": token_urlsafe(16),
        "WEBHOOK_SECRET": token_urlsafe(32),
        **changes,
    }


def _ends_well(*command: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(  # noqa: S603  (our own commands)
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()
