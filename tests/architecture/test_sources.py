"""Agreements about the code that a reader may rely on everywhere."""

import ast
import re
import warnings
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from tests.architecture.sources import calls, dotted, python_files, shown, tracked, tree

CLOCKS = {
    "timezone.now", "timezone.localdate", "timezone.localtime", "datetime.now", "datetime.utcnow", "datetime.today",
    "date.today", "datetime.datetime.now", "datetime.date.today", "time.time", "time.localtime", "time.gmtime",
}  # fmt: skip
MAY_READ_THE_CLOCK = ("collections_app/shared/clock.py", "collections_app/carrier/")
MODULE_LINES = 400
SHARED_LINES = 150


def _clock_reads(source: ast.Module) -> list[int]:
    return [node.lineno for node in ast.walk(source) if isinstance(node, ast.Call) and dotted(node.func) in CLOCKS]


def test_only_the_clock_module_reads_the_clock():
    readers = [
        f"{shown(path)}:{line}"
        for path in python_files()
        if not shown(path).startswith(MAY_READ_THE_CLOCK)
        for line in _clock_reads(tree(path))
    ]
    assert readers == []


@pytest.mark.parametrize("code", ["timezone.now()", "x = datetime.now(UTC)", "date.today()", "time.time()"])
def test_a_second_clock_would_be_noticed(code: str):
    assert _clock_reads(ast.parse(code)) == [1]


def test_database_time_is_not_made_by_models():
    made = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in {"staff", "cases", "contacts", "compliance"}
        for field in model._meta.local_fields
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    ]
    assert made == []


def test_no_model_has_a_hidden_order_or_does_work_when_saved():
    ours = [m for m in apps.get_models() if m._meta.app_label in {"staff", "cases", "contacts", "compliance"}]
    assert [m._meta.label for m in ours if m._meta.ordering and m._meta.label != "staff.User"] == []
    assert [m._meta.label for m in ours if "save" in vars(m)] == []


def test_there_are_no_model_signals():
    names = {"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "pre_init", "post_init"}
    users = [
        f"{shown(path)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & names)
    ]
    assert users == []


def test_no_module_is_a_drawer():
    drawers = {"utils", "helpers", "common", "misc", "util", "helper"}
    assert [shown(path) for path in python_files() if path.stem in drawers] == []


def test_shared_modules_stay_small():
    long = {
        shown(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files("collections_app")
        if "shared" in path.parts
    }
    assert {name: lines for name, lines in long.items() if lines > SHARED_LINES} == {}


def test_long_modules_are_named_in_a_warning():
    for path in python_files():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MODULE_LINES:
            warnings.warn(f"{shown(path)} has {lines} lines; consider parting it", stacklevel=1)


def test_every_audit_name_is_in_the_catalogue():
    from compliance import event_names

    catalogue = set(getattr(event_names, "CATALOGUE", None) or event_names.EVENTS)
    unknown = [
        f"{shown(path)}:{call.lineno}: {call.args[0].value}"
        for path in python_files()
        for name, call in calls(path)
        if name.endswith("audit.record") and call.args and isinstance(call.args[0], ast.Constant)
        if call.args[0].value not in catalogue
    ]
    assert unknown == []


def test_nothing_is_sent_to_celery_inside_a_transaction():
    senders = (".delay", ".apply_async", ".send_task")
    allowed = ("views", "tasks.py", "doorbell.py", "management", "api", "celery.py", "tasks")
    found = [
        f"{shown(path)}:{call.lineno}"
        for path in python_files()
        for name, call in calls(path)
        if name.endswith(senders) and not any(part in allowed for part in path.parts)
    ]
    assert found == []


def test_no_task_retries_itself():
    found = [
        f"{shown(path)}:{call.lineno}"
        for path in python_files()
        for name, call in calls(path)
        if name.endswith("shared_task")
        for keyword in call.keywords
        if keyword.arg in {"autoretry_for", "retry_backoff", "max_retries"}
    ]
    assert found == []


def test_sql_is_constant_and_stands_in_its_own_modules():
    found = []
    for path in python_files():
        if path.stem.startswith("sql") or path.parent.name == "sql" or shown(path) in SQL_ALLOWED:
            continue
        found += [
            f"{shown(path)}:{call.lineno}"
            for name, call in calls(path)
            if name.endswith(("cursor.execute", ".raw", "RawSQL")) and call.args and _is_made_here(call.args[0])
        ]
    assert found == []


# The makers of databases and the doctor compose or hold their own few statements; none takes input.
SQL_ALLOWED = {
    "collections_app/database.py",
    "collections_app/doctor.py",
    "collections_app/embedded/postgres.py",
}


def _is_made_here(statement: ast.expr) -> bool:
    """Whether the statement is written or put together at the call: a literal, an f-string, a sum, a format()."""
    if isinstance(statement, ast.Call):
        return isinstance(statement.func, ast.Attribute) and statement.func.attr in {"format", "join", "replace"}
    return isinstance(statement, ast.Constant | ast.JoinedStr | ast.BinOp)


@pytest.mark.parametrize(
    "code", ['c.execute("x")', 'c.execute(f"x{y}")', 'c.execute("x" + y)', 'c.execute("x".format(y))']
)
def test_sql_made_at_the_call_would_be_noticed(code: str):
    assert _is_made_here(ast.parse(code).body[0].value.args[0])  # type: ignore[attr-defined]


def test_each_pinned_requirement_says_why_it_is_there():
    lines = (settings.BASE_DIR / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.strip() and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9_.\[\]-]+==[\w.]+\s+# \S.{10,}", line)] == []


def test_each_app_names_its_last_migration():
    for label in ("staff", "cases", "contacts", "compliance"):
        folder = Path(apps.get_app_config(label).path) / "migrations"
        last = max(path.stem for path in folder.glob("[0-9]*.py"))
        assert (folder / "max_migration.txt").read_text(encoding="utf-8").strip() == last


def test_no_file_names_a_machine_or_the_way_it_was_made():
    # Written in parts, so that this file does not find itself.
    forbidden = re.compile("|".join(("/" + "work/", "/" + "root/", "/tmp/" + "plan", "pypi" + "-more")), re.I)
    found = []
    for path in tracked():
        if path.suffix in {".png", ".jpg", ".woff2", ".gz", ".xz", ".zip", ".ico", ".mo"} or "static" in path.parts:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [f"{shown(path)}: {match.group()}" for match in forbidden.finditer(text)]
    assert found == []


def test_no_stray_folder_at_the_top():
    known = {
        "collections_app", "cases", "contacts", "compliance", "templates", "tests", "docs", ".ci",
    }  # fmt: skip
    assert {
        path.relative_to(settings.BASE_DIR).parts[0] for path in tracked() if path.parent != settings.BASE_DIR
    } <= known
