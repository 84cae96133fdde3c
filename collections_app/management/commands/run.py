"""`run`: everything that a development installation needs, under one parent. `make run` calls it."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from collections_app import embedded, translations
from collections_app.database import as_owner
from collections_app.demo import organisation
from collections_app.processes import Parent

READY_WITHIN_S = 60
PORTS_TRIED = 50
RECEIPTS = "/api/v1/webhooks/receipts"
CALL_FROM = "+862100000000"


class Command(BaseCommand):
    """Start servers, book, web, worker, beat, carrier and the telephone; stop them all on Ctrl-C."""

    help = (
        "Start the whole product for development: embedded servers, demo book, web, worker, beat and the local carrier."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add where to listen and what to leave out."""
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument(
            "--port", type=int, default=int(os.environ.get("PORT", "8000")), help="the next free one is taken"
        )
        parser.add_argument("--no-demo", action="store_true", help="leave an empty book empty")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, start, watch, stop."""
        if not settings.DEVELOPMENT:
            raise CommandError(
                "`run` is for development. In production start the web, worker and beat processes one by one."
            )
        var: Path = settings.VAR_DIR
        lock = self._only_one(var)
        self.parent = Parent(folder=settings.BASE_DIR, log_folder=var / "log")
        self.parent.catch_signals()
        begun = time.monotonic()
        try:
            env = self._environment(options)
            self._prepare(env, demo=not options["no_demo"])
            if self.parent.stopping:
                return
            env |= self._ports(options) | self._kind_of_book()
            self._start(env, options["host"], begun)
            self.parent.watch()
        finally:
            self.parent.say("stopping …")
            self.parent.stop()
            connections.close_all()
            embedded.release(var)
            (var / "run.json").unlink(missing_ok=True)
            lock.close()
            self.parent.say("stopped")

    def _only_one(self, var: Path) -> Any:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open(var / "run.lock", "w", encoding="ascii")  # noqa: SIM115  (held while the command runs)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = (
                json.loads((var / "run.json").read_text())["url"]
                if (var / "run.json").is_file()
                else "another terminal"
            )
            raise CommandError(f"It already runs: {where}") from None
        return lock

    def _environment(self, options: dict[str, Any]) -> dict[str, str]:
        """Return the environment of the children, with the carrier as the provider of SMS, e-mail and calls."""
        made = embedded.development_secrets(settings.VAR_DIR)
        host = options["host"]
        env = {
            **os.environ,
            "DEVELOPMENT": "1",
            "VAR_DIR": str(settings.VAR_DIR),
            "PYTHONUNBUFFERED": "1",
            "SMS_PROVIDER_URL": "http://127.0.0.1/sms",  # its port is chosen when it starts
            "SMS_PROVIDER_TOKEN": made["SMS_PROVIDER_TOKEN"],
            "WEBHOOK_SECRET": made["WEBHOOK_SECRET"],
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_USE_TLS": "0",
            "CTI_PROVIDER": "ari",
            "ARI_URL": "http://127.0.0.1/ari",
            "ARI_USER": "collections",
            "ARI_PASSWORD": made["SMS_PROVIDER_TOKEN"],
            "CALL_FROM": CALL_FROM,
            "VOICE_NOTICE_MEDIA": "tts:{language}:{text}",
            "CARRIER_TOKEN": made["SMS_PROVIDER_TOKEN"],
            "CARRIER_WEBHOOK_SECRET": made["WEBHOOK_SECRET"],
        }
        if settings.EMBEDDED:
            servers = embedded.ensure(settings.VAR_DIR)
            env |= {"DATABASE_URL": servers.app_url, "DATABASE_OWNER_URL": servers.owner_url}
            env.setdefault("REDIS_URL", servers.redis_url)
        elif "REDIS_URL" not in os.environ:
            env["REDIS_URL"] = embedded.ensure(settings.VAR_DIR).redis_url
        if host not in ("127.0.0.1", "localhost", "::1") and "ALLOWED_HOSTS" not in os.environ:
            env["ALLOWED_HOSTS"] = "*"
            self.parent.say(f"listening on {host}: every machine that reaches this one reaches the demo")
        return env

    def _ports(self, options: dict[str, Any]) -> dict[str, str]:
        """Choose the ports at the last moment: loading a book takes long enough for somebody else to take one."""
        port = self._free_port(options["host"], options["port"])
        smtp, http = self._free_port("127.0.0.1", 2525), self._free_port("127.0.0.1", 8025)
        return {
            "PORT": str(port),
            "SMS_PROVIDER_URL": f"http://127.0.0.1:{http}/sms",
            "ARI_URL": f"http://127.0.0.1:{http}/ari",
            "EMAIL_PORT": str(smtp),
            "CARRIER_HTTP_PORT": str(http),
        }

    def _kind_of_book(self) -> dict[str, str]:
        """Let every page say what is real and what is invented where the demo book is loaded."""
        codes = [row[0] for row in organisation.CREDITORS]
        has_demo = apps.get_model("cases", "Creditor").objects.filter(code__in=codes).exists()
        return {"DEMO_BOOK": "1"} if has_demo else {}

    def _prepare(self, env: dict[str, str], *, demo: bool) -> None:
        """Migrate, compile translations, fill an empty book, close the days that were missed."""
        with as_owner():
            executor = MigrationExecutor(connection)
            waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if waiting:
            self.parent.say(f"applying {waiting} migrations")
            call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        translations.compile_all()
        known = get_commands()
        is_new = "seed_demo" in known and demo and not apps.get_model("cases", "Account").objects.exists()
        if is_new:
            self.parent.say("the book is empty: loading the demo book")
            self._call(env, "seed_demo")
        if "close_of_day" in known and apps.get_model("cases", "Account").objects.exists():
            self.parent.say("closing the days that were missed")
            self._call(env, "close_of_day", "--missed")
            if is_new:
                self._call(env, "seed_demo", "--agreements")

    def _call(self, env: dict[str, str], *command: str) -> None:
        """Run a command in a process of its own, which gives its memory back; the product starts even if it fails."""
        if self.parent.stopping:
            return
        done = subprocess.run(  # noqa: S603  (our own commands)
            [sys.executable, "manage.py", *command], cwd=settings.BASE_DIR, env=env, check=False
        )
        if done.returncode:
            self.parent.say(f"`manage.py {' '.join(command)}` ended with status {done.returncode}; going on without it")

    def _start(self, env: dict[str, str], host: str, begun: float) -> None:
        var, python, parent = settings.VAR_DIR, sys.executable, self.parent
        # Structure is the owner's business; from here on nobody acts as the owner.
        env = {name: value for name, value in env.items() if name != "DATABASE_OWNER_URL"}
        url = f"http://{'localhost' if host in ('0.0.0.0', '::', '127.0.0.1') else host}:{env['PORT']}"  # noqa: S104
        celery = [python, "-m", "celery", "--quiet", "-A", "collections_app"]
        queues = ",".join((settings.CELERY_TASK_DEFAULT_QUEUE, *settings.CHANNEL_QUEUES))
        (var / "beat").mkdir(mode=0o700, exist_ok=True)
        local = f"http://127.0.0.1:{env['PORT']}"
        parent.start(
            "carrier",
            [python, "-m", "collections_app.carrier", "--http-port", env["CARRIER_HTTP_PORT"], "--smtp-port",
             env["EMAIL_PORT"], "--folder", str(var / "carrier"), "--callback", local + RECEIPTS],
            env,
        )  # fmt: skip
        parent.start(
            "web",
            [python, "-m", "gunicorn", "collections_app.wsgi", "--bind", f"{host}:{env['PORT']}", "--workers", "2",
             "--threads", "4", "--timeout", "60", "--graceful-timeout", "10", "--log-level", "warning",
             "--access-logfile", str(var / "log" / "access.log"), "--no-control-socket"],
            env | {"APPLICATION_NAME": "web"},
        )  # fmt: skip
        parent.start(
            "worker",
            [*celery, "worker", "--pool", "prefork", "--concurrency", "2", "--queues", queues, "--loglevel", "WARNING",
             "--without-gossip", "--without-mingle", "--hostname", f"worker-{os.getpid()}@%h"],
            env | {"APPLICATION_NAME": "worker"},
        )  # fmt: skip
        parent.start("phone", [python, "manage.py", "listen_to_telephone"], env | {"APPLICATION_NAME": "telephone"})
        parent.start(
            "beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="], env | {"APPLICATION_NAME": "beat"}
        )
        (var / "run.json").write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="ascii")
        if self._wait_until_ready(local):
            self._welcome(url, f"http://127.0.0.1:{env['CARRIER_HTTP_PORT']}", time.monotonic() - begun)

    def _wait_until_ready(self, url: str) -> bool:
        until = time.monotonic() + READY_WITHIN_S
        while not self.parent.stopping:
            self.parent.watch_once()
            try:
                with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:  # noqa: S310  (our own address)
                    return bool(answer.status == 200)
            except urllib.error.HTTPError as error:
                problem = error.read().decode(errors="replace")
            except OSError as error:
                problem = str(error)
            if time.monotonic() > until:
                self.parent.say(
                    f"not ready after {READY_WITHIN_S} s: {problem}; logs are in {settings.VAR_DIR / 'log'}"
                )
                return False
            time.sleep(0.1)
        return False

    def _welcome(self, url: str, carrier: str, seconds: float) -> None:
        lines = [
            f"Ready after {seconds:.0f} s",
            "",
            f"  Open      {url}",
            f"  Messages  {carrier}   (what the local carrier received, and whom it called)",
            "",
        ]
        sign_ins = _sign_ins()
        if sign_ins:
            width = max(len(name) for _, name, _ in sign_ins)
            lines += [
                "  Sign in as",
                *(f"    {role:<20} {name:<{width}}  {password}" for role, name, password in sign_ins),
            ]
        else:
            lines += ["  Nobody can sign in yet: python manage.py createsuperuser"]
        lines += ["", "  Ctrl-C stops everything."]
        for line in lines:
            self.parent.say(line)

    def _free_port(self, host: str, wanted: int) -> int:
        for port in range(wanted, wanted + PORTS_TRIED):
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError:
                    continue
            if port != wanted:
                self.parent.say(f"port {wanted} is taken; using {port}")
            return port
        raise CommandError(f"No free port from {wanted} to {wanted + PORTS_TRIED - 1}; choose one with --port.")


def _sign_ins() -> list[tuple[str, str, str]]:
    """Return role, name and password of the demo users: SIGN_INS of collections_app.demo, for those who exist."""
    if find_spec("collections_app.demo") is None:
        return []
    listed = getattr(import_module("collections_app.demo"), "SIGN_INS", [])
    users = apps.get_model("staff", "User").objects.values_list("username", flat=True)
    return [(str(role), name, password) for role, name, password in listed if name in set(users)]
