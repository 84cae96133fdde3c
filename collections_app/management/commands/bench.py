"""bench: how fast the product is, each figure beside the physical limit measured in the same run on the same
machine."""

import os
import platform
import statistics
import traceback
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any, Final

import django
from django.db import connection

from collections_app import commands
from collections_app import scratch as scratch_databases
from collections_app.management.measures import (
    allocating,
    gate,
    nexting,
    night,
    people,
    queues,
    rehearsals,
    searching,
    sending,
    showing,
    sql,
)

SCALES: Final = {"10k": 10_000, "24k": 24_000, "100k": 100_000, "1m": 1_000_000}
NAMES: Final = (
    "import", "night_total", "night_cpu", "night_stage_", "quiet_night", "gate_pure", "gate_1", "gate_8",
    "decision_bytes", "worklist_p50", "worklist_p99", "enqueue", "rss_mb", "growth_night", "growth_import",
    "growth_rehearse", "growth_gate", "insert_1", "insert_8", "load", "send", "stop_switch", "stop_reply", "doorbells",
    "rehearse_14", "allocate", "search", "next", "claim_50",
)  # fmt: skip
SERVER_SETTINGS: Final = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "work_mem")
OF_THE_GATE: Final = ("gate_", "decision_bytes", "growth_gate", "insert_")
# By the clock, and by processor seconds, which tell a slow host from work that grows faster than the book.
GROWN: Final = (("growth_night", "total"), ("growth_night_cpu", "processor"), ("growth_import", "import"))
OF_GROWTH: Final = ("growth_night", "growth_import", "growth_rehearse")
# Each on a database of its own.
OF_SENDING: Final = ("send", "stop_", "doorbells", "allocate", "search", "next", "claim_50")
MESSAGES: Final = 600  # sent by two processes
QUEUED: Final = 100_000  # when everything is stopped
CLAIMS: Final = 10_000  # by fifty workers
CALLS: Final = 400  # opened by one process; eight open eight times as many


class Command(commands.ReportCommand):
    help = "Measure the night, the gate and the queues beside the physical limits of this machine."
    scratch = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("--scale", default="10k", choices=list(SCALES), help="accounts in the book; default 10k")
        parser.add_argument(
            "--only", nargs="+", metavar="NAME", help=f"figures that begin so; known are {', '.join(NAMES)}"
        )

        parser.add_argument(
            "--repeats", type=int, default=1, metavar="N", help="measure so often; median and range are told; default 1"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        """Make a book in a scratch database, measure, drop it; value and limit have one unit.

        Each figure is told on standard error as soon as it is known. Where something fails, the report holds what was
        measured until then and says that it is not all (`incomplete`), and the command ends with status 1.
        """
        self.only, self.repeats = options["only"], options["repeats"]
        if self.repeats < 1:
            raise commands.WrongUse("It is measured once at least.")
        for name in self.only or ():
            if not any(name.startswith(known) or known.startswith(name) for known in NAMES):
                raise commands.WrongUse(f"There is no figure {name}. Known: {', '.join(NAMES)}.")
        runs: list[list[dict[str, Any]]] = []
        told = {"machine": _machine(), "scale": options["scale"], "repeats": self.repeats}
        try:
            for number in range(self.repeats):
                if self.repeats > 1:
                    self.stderr.write(f"run {number + 1} of {self.repeats} …")
                runs.append([])
                for figure in self._measured(SCALES[options["scale"]]):
                    if self._wanted(figure[0]):
                        runs[-1].append(_figure(*figure))
                        self._tell(_line(runs[-1][-1]))
        except Exception as error:  # noqa: BLE001  (what was measured so far is told, and that it is not all)
            self._tell(traceback.format_exc())
            self.failed = True
            told["incomplete"] = f"{type(error).__name__}: {error}"
        return told | {"figures": _medians(runs)}

    def _tell(self, line: str) -> None:
        self.stderr.write(line)
        self.stderr.flush()

    def _measured(self, size: int) -> Iterator[tuple[str, float, str, float | None]]:
        """Yield name, value, unit and limit of all that is asked for."""
        small, small_rehearsal = self._small(size)
        with _Scratch("bench"):
            yield from self._figures(size, small, small_rehearsal)
        yield from self._figures_of_sending()
        yield from self._figures_of_the_allocation(size)
        yield from self._figures_of_search(size)
        yield from self._figures_of_the_queue(size)

    def _small(self, size: int) -> tuple[night.Measured | None, rehearsals.Rehearsed | None]:
        """Return the small book that growth is told from, where it is asked for."""
        if size <= SCALES["10k"] or not any(self._wanted(name) for name in OF_GROWTH):
            return None, None
        with _Scratch("bench_small"):
            self.stderr.write("a small book to compare with …")
            measured = night.measure(SCALES["10k"])
            return measured, rehearsals.measure() if self._wanted("growth_rehearse") else None

    def _wanted(self, name: str) -> bool:
        return not self.only or any(name.startswith(only) for only in self.only)

    def _figures(
        self, size: int, small: night.Measured | None, small_rehearsal: rehearsals.Rehearsed | None
    ) -> Iterator[tuple[str, float, str, float | None]]:
        """Yield name, value, unit and limit."""
        if not self.only or not all(name.startswith((*OF_THE_GATE, *OF_SENDING, "load")) for name in self.only):
            yield from self._figures_of_the_night(size, small)
            if self._wanted("rehearse_14") or self._wanted("growth_rehearse"):
                yield from self._figures_of_rehearsals(size, small_rehearsal)
        if any(self._wanted(name) for name in ("gate_1", "gate_8", "gate_pure", "decision_bytes", "growth_gate")):
            yield from self._figures_of_the_gate()
        yield "load", os.getloadavg()[0], "waiting", None

    def _figures_of_rehearsals(
        self, size: int, small: rehearsals.Rehearsed | None
    ) -> Iterator[tuple[str, float, str, float | None]]:
        self.stderr.write(f"a rehearsal of {rehearsals.DAYS} days …")
        rehearsed = rehearsals.measure()
        yield "rehearse_14", rehearsed.seconds, "s", rehearsed.limit
        yield "rehearse_14_contacts", rehearsed.contacts, "contacts", None
        if small is not None:
            yield "growth_rehearse", rehearsed.seconds / size * 1e6, "us/account", small.seconds / SCALES["10k"] * 1e6

    def _figures_of_the_allocation(self, size: int) -> Iterator[tuple[str, float, str, float | None]]:
        """As many cases as the scale names, five hundred for each collector."""
        if self._wanted("allocate"):
            self.stderr.write(f"an allocation of {size:,} cases …")
            with _Scratch("bench"):
                shared = allocating.measure(size)
            yield "allocate_preview", shared.preview, "s", shared.read
            yield "allocate_apply", shared.apply, "s", shared.change
            yield "allocate_again", shared.again, "s", shared.read
            yield "allocate_moved", shared.moved, f"of {shared.cases} to {shared.collectors}", None
            yield "allocate_moved_again", shared.moved_again, "cases", None

    def _figures_of_the_queue(self, size: int) -> Iterator[tuple[str, float, str, float | None]]:
        """Collectors who go from case to case, a browser that shows one, and fifty workers who claim ten thousand by
        day, and as many when it is night for everybody.
        """
        if self._wanted("next"):
            self.stderr.write(f"the next case in a book of {size:,} people …")
            with _Scratch("bench"):
                hurried, steady = nexting.measure(size)
            for name, seen in (("next", hurried), ("next_200", steady)):
                yield f"{name}_p50", seen.p50, "ms", None
                yield f"{name}_p95", seen.p95, "ms", 300
                yield f"{name}_ahead_p95", seen.ahead_p95, f"ms; {seen.shown} pages", 300
                yield f"{name}_twice", seen.twice, "cases that two had", None
                yield f"{name}_cpu", seen.cpu, "ms of our processes for one case", None
            yield from self._figures_of_the_browser()
        if self._wanted("claim_50"):
            self.stderr.write(f"{CLAIMS:,} claims …")
            with _Scratch("bench"):
                by_day = nexting.claim(CLAIMS, at=nexting.BY_DAY)
            with _Scratch("bench"):
                at_night = nexting.claim(CLAIMS, at=nexting.AT_NIGHT)
            for name, claimed in (("claim_50", by_day), ("claim_50_night", at_night)):
                yield name, claimed.per_s, f"per second, of {claimed.claims}", claimed.bare_per_s
                yield f"{name}_twice", claimed.twice, "cases that two had", None

    def _figures_of_the_browser(self) -> Iterator[tuple[str, float, str, float | None]]:
        """How soon a browser shows the page that it has kept, where there is a browser."""
        self.stderr.write(f"the page that is kept, {showing.TIMES} times …")
        try:
            with _Scratch("bench"):
                seen = showing.measure()
        except showing.NoBrowser as missing:
            self.stderr.write(f"NOT MEASURED, how soon a browser shows the page that it has kept: {missing}.")
            return
        yield "next_kept_p50", seen.kept_p50, "ms, from the answer until it is painted", None
        yield "next_kept_p95", seen.kept_p95, "ms, from the answer until it is painted", 100
        yield "next_saved_p50", seen.saved_p50, "ms, from the key that saves", None
        yield "next_saved_p95", seen.saved_p95, "ms, from the key that saves", 300

    def _figures_of_search(self, size: int) -> Iterator[tuple[str, float, str, float | None]]:
        """Fifty collectors, each searching every five seconds on average."""
        if self._wanted("search"):
            self.stderr.write(f"searches in a book of {size:,} people …")
            with _Scratch("bench"):
                seen = searching.measure(size)
            yield "search_p50", seen.p50, "ms", None
            yield "search_p95", seen.p95, "ms", 200
            yield "search_bare_p95", seen.bare_p95, f"ms; slowest of {seen.searches}: {seen.slowest}", None
            yield "search_names_spelled", seen.spelled_per_s, "per second", None

    def _figures_of_sending(self) -> Iterator[tuple[str, float, str, float | None]]:
        """Each on a database of its own, so that none waits for what another one left."""
        if self._wanted("send"):
            self.stderr.write("messages …")
            with _Scratch("bench"):
                gate.make_floor()
                yield ("send", *_with_unit(sending.throughput(MESSAGES)))
        if self._wanted("stop_switch"):
            self.stderr.write(f"a stop with {QUEUED:,} queued …")
            with _Scratch("bench"):
                seen = sending.stop_switch(QUEUED)
                yield "stop_switch_queued", seen.queued, "messages", None
                yield "stop_switch_confirmed", seen.confirmed_s, "s", 2
                yield "stop_switch_last", seen.last_s, "s", 2
                yield "stop_switch_late", seen.late, "messages", None
                yield "stop_switch_resumed", seen.resumed, "messages", None
                yield "stop_switch_old_permits", seen.old_permits, "messages", None
        if self._wanted("stop_reply"):
            with _Scratch("bench"):
                answered, left = sending.stop_reply()
                yield "stop_reply_answered", answered, "s", 1
                yield "stop_reply_last", left, "s", 1
        if self._wanted("doorbells"):
            with _Scratch("bench"):
                rung, due = sending.doorbells(QUEUED)
                yield "doorbells", rung, f"for {due} due", None

    def _figures_of_the_gate(self) -> Iterator[tuple[str, float, str, float | None]]:
        self.stderr.write("calls …")
        people.caller()
        gate.make_floor()
        pairs = people.fill(CALLS * 10 + 10, history=people.RECENT)
        gate.begin(pairs[CALLS * 9 + 10 :])
        yield ("gate_pure", *_with_unit(gate.pure(pairs[0], 2_000)))
        for clients, share in ((1, pairs[: CALLS + 1]), (8, pairs[CALLS + 1 :])):
            if self._wanted(f"gate_{clients}"):
                yield (f"gate_{clients}", *_with_unit(gate.opened(share, clients=clients)))
                bare = gate.pgbench(clients)
                if bare is not None:
                    yield f"insert_{clients}_pgbench", bare, "per second", None
        if self._wanted("growth_gate"):
            taken = gate.growth()
            shortest = min(taken)
            for contacts, milliseconds in taken.items():
                yield f"growth_gate_{contacts}", milliseconds, "ms/call", taken[shortest]
        if self._wanted("decision_bytes"):
            yield "decision_bytes", gate.decision_bytes(), "bytes", 1536

    def _figures_of_the_night(
        self, size: int, small: night.Measured | None
    ) -> Iterator[tuple[str, float, str, float | None]]:
        self.stderr.write(f"a book of {size:,} accounts …")
        measured = night.measure(size, tell=lambda what, seconds: self._tell(f"  {what}: {seconds:,.3f} s"))
        floor = measured.floor
        yield "import_first", measured.first_import, "s", None
        yield "import", measured.second_import, "s", floor["copy"] + floor["changed"]
        yield "night_first", measured.first_night, "s", None
        yield "night_total", measured.total, "s", sum(floor.values())
        limits = {"ageing": floor["moves"], "strategies": floor["plan"]}
        for name, seconds in measured.stages.items():
            yield f"night_stage_{name}", seconds, "s", limits.get(name)
        yield "quiet_night", measured.again, "s", measured.total
        yield from _figures_of_processors(measured)
        yield "rss_mb", measured.rss_mb, "MB", 256
        if small is not None:
            for name, part in GROWN:
                yield name, night.per_account(measured, part), "us/account", night.per_account(small, part)
        if self._wanted("worklist"):
            ours, limit = queues.worklist_page(200)
            yield "worklist_p50", ours[0], "ms", limit[0]
            yield "worklist_p99", ours[1], "ms", limit[1]
        if self._wanted("enqueue"):
            seconds, bare, claimed = queues.claim_everything()
            if claimed:
                yield "enqueue", seconds / claimed * 1000, "ms/message", bare / claimed * 1000

    def describe(self, report: dict[str, Any]) -> str:
        """Return the figures as a table."""
        machine = ", ".join(f"{key} {value}" for key, value in report["machine"].items())
        times = f", measured {report['repeats']} times" if report["repeats"] > 1 else ""
        lines = [f"{report['scale']} accounts{times}; {machine}"]
        lines.append(f"{'figure':<24}{'value':>12}{'limit':>12}{'ratio':>8}  unit")
        lines += map(_line, report["figures"])
        if "incomplete" in report:
            lines.append(f"NOT ALL WAS MEASURED: {report['incomplete']}")
        return "\n".join(lines)


class _Scratch:
    """An empty database of this name for as long as the block lasts."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        scratch_databases.drop_scratch(self.name)
        scratch_databases.open_scratch(self.name)

    def __exit__(self, *_error: object) -> None:
        connection.close()
        scratch_databases.drop_scratch(self.name)


def _figures_of_processors(measured: night.Measured) -> Iterator[tuple[str, float, str, float | None]]:
    """Yield what a full and a quiet night used of the processors; with PostgreSQL, where it is on this machine."""
    full, quiet = measured.used, measured.used_again
    if full.both is not None and quiet.both is not None:
        yield "night_cpu", full.both, "s of processors, ours and PostgreSQL's", None
        yield "quiet_night_cpu", quiet.both, "s of processors, ours and PostgreSQL's", full.both
    yield "night_cpu_ours", full.ours, "s of processors", None
    yield "quiet_night_cpu_ours", quiet.ours, "s of processors", full.ours


def _with_unit(rates: tuple[float, float]) -> tuple[float, str, float]:
    return rates[0], "per second", rates[1]


def _figure(name: str, value: float, unit: str, limit: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(float(value), 6),
        "unit": unit,
        "limit": None if limit is None else round(float(limit), 6),
        "ratio": round(float(value) / float(limit), 3) if limit else None,
    }


def _line(figure: dict[str, Any]) -> str:
    limit = f"{figure['limit']:,.3f}" if figure["limit"] is not None else "-"
    ratio = f"{figure['ratio']:.2f}" if figure["ratio"] is not None else "-"
    line = f"{figure['name']:<24}{figure['value']:>12,.3f}{limit:>12}{ratio:>8}  {figure['unit']}"
    if "range" in figure:
        low, high = figure["range"]
        line += f"  {low:,.3f} to {high:,.3f}"
    return line


def _medians(runs: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return one figure of each name: the medians of value, limit and ratio, and the range of the values."""
    if len(runs) <= 1:
        return [figure for run in runs for figure in run]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for figure in (figure for run in runs for figure in run):
        by_name.setdefault(figure["name"], []).append(figure)

    def median(figures: list[dict[str, Any]], key: str) -> float | None:
        known = [figure[key] for figure in figures if figure[key] is not None]
        return round(statistics.median(known), 6) if known else None

    return [
        {
            "name": name,
            "value": median(figures, "value"),
            "unit": figures[0]["unit"],
            "limit": median(figures, "limit"),
            "ratio": median(figures, "ratio"),
            "range": [min(figure["value"] for figure in figures), max(figure["value"] for figure in figures)],
        }
        for name, figures in by_name.items()
    ]


def _machine() -> dict[str, Any]:
    with connection.cursor() as cursor:
        settings = {}
        for name in SERVER_SETTINGS:
            cursor.execute(sql.SETTING, {"name": name})
            settings[name] = cursor.fetchone()[0]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(pages / 2**30, 1),
        "python": platform.python_version(),
        "django": django.get_version(),
        **{f"postgresql_{name}": value for name, value in settings.items()},
    }
