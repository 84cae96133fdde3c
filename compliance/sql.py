"""Constant SQL of the compliance app, with bound parameters only."""

from typing import Final

REFUSED_BY_RULE: Final = """
    SELECT rule, count(*)
    FROM compliance_decision AS decision, unnest(decision.failing) AS rule
    WHERE decision.verdict = 'refuse' AND decision.at >= %(since)s AND decision.at < %(until)s
    GROUP BY rule
    ORDER BY count(*) DESC, rule
"""
