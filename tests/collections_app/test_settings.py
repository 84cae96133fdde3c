"""A half-configured start is refused with everything it lacks; a deployment that would be unsafe fails its check."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from collections_app import database, env
from collections_app.logs import mask, without_personal_data
from collections_app.management.commands.check_everything import production_environment


def _manage(*command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_production_names_everything_it_lacks(tmp_path: Path):
    lacking = {"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://a:b@localhost/c", "VAR_DIR": str(tmp_path)}
    done = _manage("check", env=lacking)
    assert done.returncode != 0
    expected = "ALLOWED_HOSTS, REDIS_URL, SEALED_HMAC_KEY, SEALED_KEYS, SECRET_KEY"
    assert f"Not configured: {expected}." in done.stderr
    assert list(tmp_path.iterdir()) == []  # and no secret was made up


@pytest.fixture(scope="module")
def production(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> dict[str, str]:
    return production_environment(DATABASE_URL=database.url(settings.DATABASES["default"]["NAME"]))


def test_a_shifted_clock_fails_the_check_of_a_deployment(production: dict[str, str]):
    done = _manage("check", "--deploy", env=production | {"CLOCK_SHIFT": "1"})
    assert done.returncode != 0
    assert "collections_app.E001" in done.stderr


def test_a_provider_without_its_token_is_refused(production: dict[str, str]):
    done = _manage("check", env=production | {"SMS_PROVIDER_TOKEN": ""})
    assert "SMS_PROVIDER_URL and SMS_PROVIDER_TOKEN belong together" in done.stderr


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("postgresql://app:p%40ss@db.example.com:6543/book", ("book", "app", "p@ss", "db.example.com", "6543")),
        ("postgres://app@db/book", ("book", "app", "", "db", "")),
        ("postgresql://app:x@%2FTmp%2Fs/book", ("book", "app", "x", "/Tmp/s", "")),
        ("postgresql://app:x@/book?host=/Tmp/s&port=5433", ("book", "app", "x", "/Tmp/s", "5433")),
        ("postgresql://app:x@[::1]:5432/book", ("book", "app", "x", "::1", "5432")),
    ],
)
def test_a_database_address_is_read(url: str, parts: tuple[str, ...]):
    found = env.database_parts(url, name="DATABASE_URL")
    assert tuple(found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")) == parts


def test_options_of_a_database_address_are_kept():
    assert env.database_parts("postgresql://a@h/b?sslmode=verify-full", name="X")["sslmode"] == "verify-full"


@pytest.mark.parametrize("url", ["sqlite:///book", "mysql://a@h/b", "postgresql://a@h/"])
def test_another_database_is_refused(url: str):
    with pytest.raises(ImproperlyConfigured):
        env.database_parts(url, name="DATABASE_URL")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("", True)])
def test_a_yes_or_no_is_read(monkeypatch: pytest.MonkeyPatch, text: str, value: bool):
    monkeypatch.setenv("SWITCH", text)
    assert env.env_bool("SWITCH", default=True) is value


def test_a_doubtful_value_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SWITCH", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="SWITCH must be 1 or 0"):
        env.env_bool("SWITCH")
    with pytest.raises(ImproperlyConfigured, match="SWITCH must be a whole number"):
        env.env_int("SWITCH", 1)


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "secret").write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("SECRET_FILE", str(tmp_path / "secret"))
    assert env.env_secret("SECRET") == "from the file"
    monkeypatch.setenv("SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="SECRET_FILE cannot be read"):
        env.env_secret("SECRET")


def test_a_dotenv_file_yields_to_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    path = tmp_path / ".env"
    path.write_text("# why\n\nGROUND_A=1\nexport GROUND_B='two words'\nGROUND_C=from the file\n", encoding="utf-8")
    monkeypatch.setenv("GROUND_C", "from outside")
    for name in ("GROUND_A", "GROUND_B"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    env.load_dotenv(path)
    assert [os.environ[f"GROUND_{letter}"] for letter in "ABC"] == ["1", "two words", "from outside"]
    path.write_text("no sign\n", encoding="utf-8")
    with pytest.raises(ImproperlyConfigured, match="line 1 is not NAME=value"):
        env.load_dotenv(path)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("sent to a.b@example.com", "sent to [e-mail]"),
        ("called +86 138 0013 8000 twice", "called [number] twice"),
        ("case C-7F3K9X moved at 2026-11-22T10:00:00Z", "case C-7F3K9X moved at 2026-11-22T10:00:00Z"),
        ("12345678 rows", "12345678 rows"),
    ],
)
def test_a_log_line_shows_no_number_and_no_mailbox(text: str, masked: str):
    assert mask(text) == masked


def test_a_log_value_of_a_personal_name_is_masked():
    event = {"event": "x", "phone": "+8613800138000", "full_name": "Li Wei", "logger_name": "cases", "case": 7}
    assert without_personal_data(None, "info", event) == {
        "event": "x", "phone": "[masked]", "full_name": "[masked]", "logger_name": "cases", "case": 7,
    }  # fmt: skip
