"""portfolio_report: the book by bucket on a date, and the moves since another."""

from argparse import ArgumentParser
from typing import Any

from cases import ageing, portfolio
from cases.models import Creditor
from collections_app import commands


class Command(commands.ReportCommand):
    help = "Show the book by bucket on a date; with --since, how accounts moved between buckets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        commands.add_date(parser, "--as-of", help_text="the day to show")
        commands.add_date(parser, "--since", help_text="the earlier day of the moves", required=False)
        parser.add_argument("--scheme", default="M", metavar="NAME", help="M (default) or us")
        parser.add_argument("--creditor", metavar="CODE", help="only this creditor; default all")
        parser.add_argument("--currency", metavar="CODE", help="needed where the book holds several")

    def report(self, **options: Any) -> dict[str, Any]:
        """Return the figures; amounts are decimal text."""
        as_of, since = options["as_of"], options["since"]
        try:
            scheme = ageing.scheme(options["scheme"])
        except ageing.UnknownScheme as unknown:
            raise commands.WrongUse(f"There is no scheme {unknown}. Known: {', '.join(ageing.SCHEMES)}.") from None
        if since is not None and since > as_of:
            raise commands.WrongUse("--since is after --as-of.")
        creditors = Creditor.objects.order_by("pk")
        if options["creditor"]:
            creditors = creditors.filter(code=options["creditor"])
            if not creditors.exists():
                raise commands.WrongUse(f"There is no creditor {options['creditor']}.")
        ids = list(creditors.values_list("pk", flat=True))
        books = portfolio.books(as_of=as_of, creditor_ids=ids, scheme=scheme)
        if options["currency"]:
            books = [book for book in books if book.currency == options["currency"]]
        if len(books) > 1:
            raise commands.WrongUse(
                f"The book holds {', '.join(book.currency for book in books)}; choose one with --currency."
            )
        book = books[0] if books else portfolio.Book(as_of, "", dict.fromkeys(scheme.labels, portfolio.EMPTY))
        report = {
            "as_of": as_of.isoformat(),
            "scheme": scheme.name,
            "currency": book.currency,
            **_share(book.total),
            "buckets": {label: _share(share) for label, share in book.buckets.items()},
        }
        if since is not None:
            moves = portfolio.moves(since=since, as_of=as_of, currency=book.currency, creditor_ids=ids, scheme=scheme)
            report |= {
                "since": since.isoformat(),
                "transitions": {
                    before: {after: _share(share) for after, share in row.items()}
                    for before, row in moves.matrix.items()
                },
                "entered": moves.entered,
                "cured": moves.cured,
                "rolled": moves.rolled,
                "stayed": moves.stayed,
                "improved": moves.improved,
            }
        return report

    def describe(self, report: dict[str, Any]) -> str:
        """Return the figures as tables."""
        lines = [f"{report['as_of']}  {report['currency']}", f"{'bucket':<10}{'accounts':>12}{'balance':>22}"]
        for label, share in [*report["buckets"].items(), ("all", report)]:
            lines.append(f"{label:<10}{share['accounts']:>12,}{share['balance']:>22}")
        if "transitions" in report:
            labels = list(report["transitions"])
            lines += ["", f"accounts, from (down) {report['since']} to (across) {report['as_of']}"]
            lines.append(f"{'':<10}" + "".join(f"{label:>9}" for label in labels))
            for before, row in report["transitions"].items():
                lines.append(f"{before:<10}" + "".join(f"{row[after]['accounts']:>9,}" for after in labels))
            counts = ("entered", "cured", "rolled", "stayed", "improved")
            lines += ["", "  ".join(f"{name} {report[name]:,}" for name in counts)]
        return "\n".join(lines)


def _share(share: portfolio.Share) -> dict[str, Any]:
    return {"accounts": share.accounts, "balance": f"{share.balance:.2f}"}
