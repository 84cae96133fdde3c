"""The score in constant SQL, over one row `positions` (balance, since) and, for a case that is there, `standing` and
`chance`. `rules.weigh` says the same in Python.
"""

from typing import Final

_WORTH: Final = """
greatest(positions.balance, 0)::double precision
    * (%(gain)s::double precision[])[1 + width_bucket(%(day)s - positions.since, %(starts)s::integer[])]
"""
_DAYS: Final = """
CASE WHEN %(day)s - positions.since > 0
      AND (%(starts)s::integer[])[1 + width_bucket(%(day)s - positions.since, %(starts)s::integer[])]
          - (%(day)s - positions.since) BETWEEN 1 AND %(rolls_within)s THEN %(points_rolls_soon)s ELSE 0 END
+ CASE WHEN %(day)s - positions.since BETWEEN 1 AND %(just_late)s THEN %(points_just_late)s ELSE 0 END
"""
OF_A_NEW_CASE: Final = f"floor(20 * ln(1 + {_WORTH}))::integer + {_DAYS} + %(points_never_reached)s"
CHANCE: Final = "LEFT JOIN cases_casechance AS chance ON chance.case_id = standing.id"
JUDGED: Final = """
LEFT JOIN (
    SELECT case_id, bool_or(status = 'broken') AS has_broken, bool_or(status = 'kept') AS has_kept
    FROM cases_promise WHERE creditor_id = %(creditor)s AND status IN ('kept', 'broken')
      AND person_id > %(after)s AND person_id <= %(upto)s
    GROUP BY case_id
) AS judged ON judged.case_id = standing.id
"""
OF_A_CASE: Final = f"""
floor(20 * ln(1 + {_WORTH} * coalesce(chance.factor, 1)::double precision))::integer + {_DAYS}
+ CASE standing.ability WHEN 'high' THEN %(points_ability_high)s WHEN 'low' THEN %(points_ability_low)s ELSE 0 END
+ CASE standing.willingness WHEN 'high' THEN %(points_willingness_high)s
                            WHEN 'low' THEN %(points_willingness_low)s ELSE 0 END
+ CASE WHEN judged.has_kept THEN %(points_kept_promise)s ELSE 0 END
+ CASE WHEN judged.has_broken THEN %(points_broken_promise)s ELSE 0 END
+ CASE WHEN standing.last_right_party_at IS NULL THEN %(points_never_reached)s
       WHEN standing.last_right_party_at > %(next_action_at)s::timestamptz - make_interval(days => %(reached_lately)s)
       THEN %(points_reached_lately)s ELSE 0 END
"""
