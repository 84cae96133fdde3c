"""Refused contacts of today, counted from the very rows that the list of decisions shows."""

from collections_app.dashboards.scope import Scope
from compliance import lists
from compliance.models.decision import DecisionQuerySet


def refused_today(scope: Scope) -> DecisionQuerySet:
    """Return the decisions of today that refused a contact."""
    return lists.select(scope.user, lists.Asked(verdict="refuse", day="today"), at=scope.at)


def refused_by_rule_today(scope: Scope) -> list[tuple[str, str, int]]:
    """Return id, title and number of refusals of every rule that refused a contact today, most first."""
    titles = lists.titles()
    return [(rule, titles.get(rule, rule), number) for rule, number in lists.by_rule(refused_today(scope))]
