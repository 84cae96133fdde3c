"""The import contracts hold, and would notice a broken one."""

import subprocess
import sys
import tomllib
from pathlib import Path

from django.conf import settings

LINTER = Path(sys.executable).parent / "lint-imports"


def _lint(folder: Path, config: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINTER), "--config", str(config), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_import_contract_is_kept():
    done = _lint(settings.BASE_DIR, settings.BASE_DIR / "pyproject.toml")
    assert done.returncode == 0, done.stdout


def test_no_import_is_excused():
    config = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    assert [contract["name"] for contract in contracts if contract.get("ignore_imports")] == []


def test_an_upward_import_would_be_noticed(tmp_path: Path):
    for name in ("collections_app", "contacts", "cases", "compliance"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    for name in ("urls", "dashboards", "api", "management", "staff", "shared", "settings", "celery"):
        (tmp_path / "collections_app" / f"{name}.py").touch()
    (tmp_path / "contacts" / "channels").mkdir()
    (tmp_path / "contacts" / "channels" / "__init__.py").touch()
    (tmp_path / "contacts" / "channels" / "senders.py").touch()
    for name in ("dispatch", "calls"):
        (tmp_path / "contacts" / f"{name}.py").touch()
    config = tmp_path / "pyproject.toml"
    config.write_text((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert _lint(tmp_path, config).returncode == 0
    (tmp_path / "compliance" / "gate.py").write_text("import cases\n", encoding="utf-8")
    assert _lint(tmp_path, config).returncode == 1
