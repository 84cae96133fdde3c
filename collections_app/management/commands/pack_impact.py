"""pack_impact: which contacts would another version of a rule pack forbid or allow?"""

from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from collections_app import commands
from collections_app.commands import WrongUse
from collections_app.shared import clock
from compliance import packs_loader
from compliance.packs_loader import Pack, PackError
from compliance.releases import browsing, uploads
from compliance.releases.in_force import ReleasesUnknown
from contacts import impact
from contacts.impact import Impact, Side


class Command(commands.ReportCommand):
    """V is the version of a proposed or scheduled release, or that of the pack in --folder."""

    help = "Compare today's packs with another version of one: planned contacts, and contacts made, that would change."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Let --version name the version of the pack, and not ask for Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the pack, its version and the days."""
        parser.add_argument("pack", metavar="PACK")
        parser.add_argument("--version", dest="pack_version", metavar="V", help="of a proposed or scheduled release")
        parser.add_argument("--folder", type=Path, help="read the version from this folder instead")
        parser.add_argument("--days", type=int, required=True, metavar="N", help="days ahead, and days back")
        parser.add_argument("--sample", type=int, metavar="MOST", help="look at no more contacts of each kind")

    def report(self, **options: Any) -> dict[str, Any]:
        """Return the numbers, on both sides of now."""
        if not 1 <= options["days"] <= 366:
            raise WrongUse("--days is between 1 and 366.")
        if options["sample"] is not None and options["sample"] < 1:
            raise WrongUse("--sample is at least 1.")
        try:
            pack = self._pack(options["pack"], options["pack_version"], options["folder"])
            found = impact.of_pack(
                pack, days=options["days"], at=clock.now(), limit=options["sample"], progress=self.progress
            )
        except (PackError, ReleasesUnknown) as error:
            raise WrongUse(str(error)) from error
        return _plain(found)

    def _pack(self, pack_id: str, version: str | None, folder: Path | None) -> Pack:
        if pack_id not in packs_loader.installed():
            raise WrongUse(f"There is no pack {pack_id}.")
        if folder is not None:
            try:
                pack = uploads.read(
                    uploads.from_files({each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()})
                )
            except OSError as error:
                raise WrongUse(f"{folder}: {error}") from error
            if pack.id != pack_id or version not in (None, pack.version):
                raise WrongUse(f"{folder} holds {pack.id} {pack.version}.")
            return pack
        if version is None:
            raise WrongUse("Say which version: --version V, or --folder PATH.")
        known = [row for row in browsing.scheduled_of(pack_id) if row.release.version == version]
        if not known:
            there = sorted({row.release.version for row in browsing.scheduled_of(pack_id)})
            raise WrongUse(f"No release {version} of {pack_id} is proposed; there is {', '.join(there) or 'none'}.")
        return uploads.read(known[0].files)

    def describe(self, report: dict[str, Any]) -> str:
        """Return the two sides as a person reads them."""
        lines = [f"{report['pack']} {report['version']} instead of {report['version_now']}, {report['days']} days"]
        if report["read_as_of"]:
            lines.append(f"read as of {report['read_as_of']}, from which it differs")
        for name, title in (("planned", "planned contacts of the next days"), ("made", "contacts of the last days")):
            side = report[name]
            lines.append(
                f"{side['looked_at']:,} of {side['total']:,} {title}: {side['forbidden']:,} become forbidden,"
                f" {side['allowed']:,} become allowed"
            )
            for becomes in ("forbidden", "allowed"):
                for what in ("rule", "channel"):
                    each = ", ".join(f"{key} {number:,}" for key, number in side[f"{becomes}_by_{what}"].items())
                    if each:
                        lines.append(f"  {becomes} by {what}: {each}")
            for why, number in side["not_asked"].items():
                lines.append(f"  not asked ({why}): {number:,}")
            for example in side["examples"][:5]:
                lines.append(
                    f"    case {example['case_ref']}, {example['channel']} at {example['at']:%Y-%m-%d %H:%M} UTC"
                    f" becomes {example['becomes']}: {', '.join(example['rules'])}"
                )
        lines.append(f"{report['seconds']} s")
        return "\n".join(lines)


def _plain(found: Impact) -> dict[str, Any]:
    return {**asdict(found), "is_sample": found.is_sample, "planned": _side(found.planned), "made": _side(found.made)}


def _side(side: Side) -> dict[str, Any]:
    return {**asdict(side), "share": round(side.share, 4)}
