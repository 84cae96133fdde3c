"""What the live book, the wordings and the rules in force say of a strategy."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from django.db import OperationalError, transaction
from django.db.models import Count, Q
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from cases.models import Case, Creditor
from collections_app.shared.listing import listed
from collections_app.templatetags.display import count as counted
from compliance import gate, lists
from compliance import words as said_words
from compliance.facts import Facts, LocationClaim, Question, Record
from contacts import rendering, wording_rules, wordings
from contacts.models import Step, Strategy, StrategyVersion, Template, TemplateVersion
from contacts.strategy import conditions, counts, in_force
from contacts.strategy.due import REVIEW, What, what_of
from contacts.strategy.editing import Node
from contacts.strategy.enrolment import context_of
from contacts.strategy.lint import ERROR, WARNING, Lint, Read
from contacts.wording_rules import Place

LOOKED_AT: Final = 4_000  # cases
MUCH_UNKNOWN: Final = 30  # per cent of the cases that come so far
FEW: Final = 10  # cases: below that a share says nothing
AHEAD: Final = timedelta(days=14)
# What somebody has agreed to and been told who can be contacted at all: so that only what no case can mend forbids.
BEST: Final = (
    "consent_electronic",
    "consent_more_calls",
    "consent_place",
    "consent_private_account",
    "validation_notice_sent",
    "collection_notice_sent",
    "agency_notice_sent",
)


def of_version(found: Read, *, at: datetime) -> list[Lint]:
    """Return what is found. Where the book cannot be counted in time, that is said."""
    lints: list[Lint] = []
    try:
        with transaction.atomic():
            creditors = list(found.version.creditors.order_by("pk"))
            lints += of_others(found.version, creditors, at=at)
            homes = [home for creditor in creditors for home in _homes(creditor)]
            lints += _of_templates(found, creditors, homes, at=at)
            lints += _of_rules(found, homes, at=at)
            lints += _of_book(found, at=at)
    except OperationalError:
        lints.append(
            Lint(
                "not-counted",
                WARNING,
                Node(),
                _("The book could not be counted in time; the rehearsal counts all of it."),
                _("Look again later."),
            )
        )
    return lints


# -- other strategies of the same creditors ----------------------------------------------------------------------------


def of_others(version: StrategyVersion, creditors: list[Creditor], *, at: datetime) -> list[Lint]:
    """Return the other strategies in force for these creditors: a case is taken by the one whose code comes first."""
    own, shared = version.strategy, dict[str, tuple[Strategy, list[str]]]()
    for creditor in creditors:
        for standing in in_force.of_creditor(creditor, at.date()):
            if standing.strategy.pk != own.pk and (standing.whole or standing.canary):
                shared.setdefault(standing.strategy.code, (standing.strategy, []))[1].append(creditor.name)
    lints = []
    for code, (other, names) in sorted(shared.items()):
        words = {"other": other.title, "creditors": listed(names)}
        first = _("“%(other)s” is in force for %(creditors)s too and comes first: only what it does not take is left.")
        later = _("“%(other)s” is in force for %(creditors)s too and comes after: it keeps only what is left.")
        mend = _("Make the next version of that strategy instead, or take the creditor out of one of the two.")
        lints.append(Lint("shared-creditor", WARNING, Node(), (first if code < own.code else later) % words, mend))
    return lints


# -- the book ----------------------------------------------------------------------------------------------------------


def _of_book(found: Read, *, at: datetime) -> Iterator[Lint]:
    version, segments = found.version, [segment for segment, _steps in found.segments]
    nobody, total = 0, 0
    examples: list[Any] = []
    own: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for book in counts.books(version, at=at, most=LOOKED_AT):
        context = context_of(book.close, version)
        asked = {}
        for number, segment in enumerate(segments):
            truth = conditions.compile_condition(segment.condition, context)
            asked[f"own{number}"] = Count("pk", filter=truth.true)
            if segment.condition:
                asked[f"unknown{number}"] = Count("pk", filter=~Q(truth.true) & ~Q(truth.false))
        cases = book.cases.annotate(taken=counts.taken_by(segments, version, book.close)).order_by()
        numbers = cases.aggregate(total=Count("pk"), nobody=Count("pk", filter=Q(taken=0)), **asked)
        by_segment = dict(cases.values_list("taken").annotate(number=Count("pk")).values_list("taken", "number"))
        total, nobody = total + numbers["total"], nobody + numbers["nobody"]
        for number, segment in enumerate(segments):
            own[segment.key] += numbers[f"own{number}"]
            unknown[segment.key] += numbers.get(f"unknown{number}", 0)
            taken[segment.key] += by_segment.get(segment.pk, 0)
        if numbers["nobody"] and len(examples) < counts.EXAMPLES:
            examples += list(cases.filter(taken=0).order_by("pk").values_list("pk", flat=True)[: counts.EXAMPLES])
    if nobody:
        yield Lint(
            "taken-by-nobody",
            WARNING,
            Node(),
            _("No segment takes %(count)s of %(total)s cases that were looked at; they go to the collectors' queue.")
            % {"count": counted(nobody), "total": counted(total)},
            _("Add a last segment that takes all other cases."),
            tuple(examples),
        )
    for segment in segments:
        words_of = {
            "count": counted(own[segment.key]),
            "unknown": counted(unknown[segment.key]),
            "total": counted(total),
        }
        if segment.condition and own[segment.key] >= FEW and not taken[segment.key]:
            yield Lint(
                "taken-by-earlier",
                WARNING,
                Node(segment.key),
                _("%(count)s cases fit it, and every one of them is taken by a segment before it.") % words_of,
                _("Move it up, or narrow the ones before it."),
            )
        if unknown[segment.key] >= FEW and unknown[segment.key] * 100 > MUCH_UNKNOWN * total:
            yield Lint(
                "much-unknown",
                WARNING,
                Node(segment.key),
                _("Of %(unknown)s of %(total)s cases it is not known whether they fit; those are not taken.")
                % words_of,
                _("Say what becomes of the unknown ones: “… is known: no”."),
            )


# -- wordings ----------------------------------------------------------------------------------------------------------


def _of_templates(
    found: Read, creditors: list[Creditor], homes: list[tuple[Place, str]], *, at: datetime
) -> Iterator[Lint]:
    languages = _languages(creditors)
    places = frozenset(place for place, _zone in homes)
    seen: dict[int, list[tuple[str, str, str, str]]] = {}
    for segment, steps in found.segments:
        for step in steps:
            if step.template is None:
                continue
            template = step.template.pk
            if template not in seen:
                seen[template] = list(_of_template(step.template, languages, places, at=at))
            for code, severity, sentence, mend in seen[template]:
                yield Lint(code, severity, Node(segment.key, step.key), sentence, mend)


def _languages(creditors: list[Creditor]) -> list[str]:
    cases = Case.objects.unresolved().filter(creditor__in=creditors).exclude(person__language__in=["", "unknown"])
    return list(cases.order_by("person__language").values_list("person__language", flat=True).distinct())


def _of_template(
    template: Template, languages: list[str], places: frozenset[Place], *, at: datetime
) -> Iterator[tuple[str, str, str, str]]:
    approved = list(template.versions.filter(status=TemplateVersion.Status.APPROVED).order_by("pk"))
    if not approved:
        yield (
            "no-wording",
            ERROR,
            _("“%(template)s” has no approved wording: nothing would be sent.") % {"template": template.title},
            _("Write a wording and have it approved."),
        )
        return
    there = {one.language for one in approved} | {one.language.partition("-")[0] for one in approved}
    missing = [code for code in languages if code not in there and code.partition("-")[0] not in there]
    if missing:
        words = {"template": template.title, "languages": listed([_language(code) for code in missing])}
        yield (
            "language-missing",
            WARNING,
            _("“%(template)s” has no wording in %(languages)s; these borrowers read it in English.") % words
            if wordings.FALLBACK in there
            else _("“%(template)s” has no wording in %(languages)s; these borrowers get nothing.") % words,
            _("Write it in that language."),
        )
    for version in approved:
        lacks = wordings.lacks_of(version, at=at, places=_reached(version, approved, places))
        if lacks:
            yield (
                "clause-missing",
                ERROR,
                _("“%(template)s” (%(language)s) lacks what is asked of it: %(lacks)s.")
                % {
                    "template": template.title,
                    "language": _language(version.language),
                    "lacks": wordings.in_words(lacks),
                },
                _("Write the next version of the wording with it."),
            )


def _language(code: str) -> str:
    """Return what a language is called, in the language of the reader; the code of one that nobody has named."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def _reached(version: TemplateVersion, approved: list[TemplateVersion], places: frozenset[Place]) -> frozenset[Place]:
    """Return the places where a wording is read: its own, less those that have one of their own in its language."""
    others = [
        one.jurisdiction
        for one in approved
        if one.language == version.language and one.jurisdiction and one.jurisdiction != version.jurisdiction
    ]
    return frozenset(
        place
        for place in places
        if (not version.jurisdiction or wording_rules.within(place.jurisdiction, version.jurisdiction))
        and not any(
            wording_rules.within(place.jurisdiction, other)
            for other in others
            if not version.jurisdiction or wording_rules.within(other, version.jurisdiction)
        )
    )


# -- rules -------------------------------------------------------------------------------------------------------------


def _of_rules(found: Read, homes: list[tuple[Place, str]], *, at: datetime) -> Iterator[Lint]:
    places, titles = [(place, zone) for place, zone in homes if zone], lists.titles()
    for segment, steps in found.segments:
        for step in steps:
            what = what_of(step)
            if what.channel == REVIEW or not places:
                continue
            answers = [(place, _forbids(step, what, place, zone, at=at)) for place, zone in places]
            forbidden = [(place, rule) for place, rule in answers if rule]
            if not forbidden:
                continue
            named = {"places": listed(sorted({place.name for place, _rule in forbidden})),
                     "rules": listed([said_words.titled(titles.get(rule, rule), rule) for rule in
                                      sorted({rule for _place, rule in forbidden})])}  # fmt: skip
            if len(forbidden) == len(places):
                yield Lint(
                    "forbidden-everywhere",
                    ERROR,
                    Node(segment.key, step.key),
                    _("The rules never permit it, at any hour, where borrowers of these creditors live: %(rules)s.")
                    % named,
                    _("Choose another channel, or leave the step out."),
                )
            else:
                yield Lint(
                    "forbidden-somewhere",
                    WARNING,
                    Node(segment.key, step.key),
                    _("The rules never permit it in %(places)s: %(rules)s.") % named,
                    _("Give these places a step of their own."),
                )


def _homes(creditor: Creditor) -> list[tuple[Place, str]]:
    """Return where borrowers of a creditor live, each place once for a kind of product, with a time zone or ""."""
    cases = Case.objects.unresolved().filter(creditor=creditor).exclude(person__time_zone="")
    zones = dict(cases.order_by().values_list("person__jurisdiction", "person__time_zone").distinct())
    placed = sorted(wording_rules.places_of(creditor), key=repr)
    return [(place, zones.get(place.jurisdiction, "")) for place in placed]


def _forbids(step: Step, what: What, place: Place, zone: str, *, at: datetime) -> str:
    """Return the rule that forbids a step there for two weeks to come, with everything in its favour; "" if none."""
    begins = datetime.combine(at.date() + timedelta(days=1), time.min, UTC)
    question = Question(
        at=begins,
        channel=what.channel,
        purpose=what.purpose,
        content_class=what.content_class,
        automated=what.automated,
        actor_kind=place.acting_as,
    )
    return _rule_against(_with_content(question, step, place), place, zone, max(1, step.from_dpd))


@lru_cache(maxsize=2048)
def _rule_against(question: Question, place: Place, zone: str, dpd: int) -> str:
    long_ago = question.at - timedelta(days=60)
    facts = Facts(
        jurisdictions=(place.jurisdiction,),
        product=place.product,
        creditor_kind=place.creditor_kind,
        dpd=dpd,
        outsourced=place.acting_as != "creditor",
        locations=(LocationClaim(zone=zone, at=long_ago, authoritative=True),),
        records=tuple(Record(kind=kind, at=long_ago, party="debtor") for kind in BEST),
    )
    outcome = gate.preview(question, facts)
    if outcome.permitted or (outcome.next_permitted and outcome.next_permitted <= question.at + AHEAD):
        return ""
    failing = [result.rule for result in outcome.results if result.state == "fail" and result.strength == "hard"]
    if not failing or any(rule.startswith("POLICY") for rule in failing):
        return ""  # a fact is missing that a real case has
    return failing[0]


def _with_content(question: Question, step: Step, place: Place) -> Question:
    if step.template is None:
        return question
    approved = list(step.template.versions.filter(status=TemplateVersion.Status.APPROVED).order_by("pk"))
    chosen = wordings.chosen(approved, language="en", jurisdictions=[place.jurisdiction], of="")
    if chosen is None:
        return question
    try:
        return wording_rules.told(question, subject=chosen.subject, body=chosen.body)
    except rendering.RenderingRefused:
        return question
