# ruff: noqa: S608 (every text here is a constant)
"""Everything that a rule may ask about a case, in one constant statement with bound parameters.

A list is one column of JSON arrays, each in the order of the matching names in `contacts.facts.rows`. Of the contacts
only those can matter that fall into the longest window of any rule, and those that are never forgotten; both are read
by index, so that a long history costs nothing.

$1 case, $2 person contacted or NULL, $3 the instant, $4 whether it is now (else a question about the past), $5 the
beginning of the longest window, $6 the end of what is read.
"""

from typing import Final

# What no rule ever forgets: notices, contacts with third persons, replies and statements that are permitted once.
# The index `attempts_never_forgotten` has the same condition, and the planner must find it equal.
REMEMBERED: Final = """(
    attempt.content_class IN ('validation_notice', 'verification', 'collection_notice', 'agency_notice')
    OR NOT (attempt.party IN ('debtor', 'joint_debtor', 'guarantor'))
    OR attempt.purpose IN ('opt_out_confirmation', 'opt_out_confirmation_with_demand', 'efforts_terminated',
                           'notify_remedy', 'threaten_suit', 'statutory_notice')
)"""
TALKED: Final = "attempt.outcome IN ('conversation', 'met')"  # as the index `attempts_that_were_talks` says it
_HAPPENED: Final = "attempt.status NOT IN ('withheld', 'cancelled') AND attempt.at <= $6"
_IN_WINDOW: Final = f"attempt.at >= $5 AND {_HAPPENED}"
_EARLIER: Final = f"attempt.at < $5 AND {_HAPPENED}"

# Before the window: the remembered kinds, whatever is still open, the first and the last talk, the last inbound contact
# and the last three at each address, ten at a place of work. One that is found twice is taken once by the reader.
_CONTACTS: Final = f"""
    SELECT attempt.* FROM contacts_contactattempt AS attempt
    WHERE attempt.person_id = ANY (ids.both_persons) AND {_IN_WINDOW}
    UNION ALL
    SELECT attempt.* FROM contacts_contactattempt AS attempt
    WHERE attempt.address_id = ANY (ids.reached) AND {_IN_WINDOW} AND attempt.person_id <> ALL (ids.both_persons)
    UNION ALL
    SELECT attempt.* FROM contacts_contactattempt AS attempt
    WHERE attempt.contacted_id = ANY (ids.both_persons) AND attempt.contacted_id <> attempt.person_id AND {_IN_WINDOW}
      AND attempt.person_id <> ALL (ids.both_persons)
      AND (attempt.address_id IS NULL OR attempt.address_id <> ALL (ids.reached))
    UNION ALL
    SELECT attempt.* FROM contacts_contactattempt AS attempt
    WHERE attempt.contacted_id = who.id AND {REMEMBERED} AND {_EARLIER}
    UNION ALL
    SELECT attempt.* FROM contacts_contactattempt AS attempt
    WHERE attempt.status IN ('cleared', 'in_progress') AND attempt.valid_until < $5 AND {_EARLIER}
      AND attempt.contacted_id = who.id
    UNION ALL
    (SELECT attempt.* FROM contacts_contactattempt AS attempt
     WHERE attempt.contacted_id = who.id AND {TALKED} AND {_EARLIER} ORDER BY attempt.at LIMIT 1)
    UNION ALL
    (SELECT attempt.* FROM contacts_contactattempt AS attempt
     WHERE attempt.contacted_id = who.id AND {TALKED} AND {_EARLIER} ORDER BY attempt.at DESC LIMIT 1)
    UNION ALL
    SELECT last.* FROM unnest(ids.reached) AS own (address_id) CROSS JOIN LATERAL (
        SELECT attempt.* FROM contacts_contactattempt AS attempt
        WHERE attempt.address_id = own.address_id AND attempt.direction = 'inbound' AND {_EARLIER}
        ORDER BY attempt.at DESC LIMIT 1
    ) AS last WHERE last.contacted_id = who.id
    UNION ALL
    SELECT last.* FROM unnest(ids.reached) AS own (address_id) CROSS JOIN LATERAL (
        SELECT attempt.* FROM contacts_contactattempt AS attempt
        WHERE attempt.address_id = own.address_id AND {_EARLIER} ORDER BY attempt.at DESC
        LIMIT CASE WHEN own.address_id = ANY (ids.at_work) THEN 10 ELSE 3 END
    ) AS last WHERE last.contacted_id = who.id
"""

FACTS_OF_A_CASE: Final = f"""
SELECT
    debt.id, debt.person_id, who.id, debt.creditor_id, debt.borrower_id, debt.status, debt.past_due_since,
    owner.code, owner.kind, owner.acting_as, owner.time_zone,
    who.jurisdiction, who.time_zone, who.created_at,
    (SELECT json_agg(json_build_array(
        point.id, point.address_id, point.kind, point.state, point.time_zone, point.created_at, address.suppressed_at
     ) ORDER BY point.position, point.id)
     FROM cases_contactpoint AS point JOIN cases_address AS address ON address.id = point.address_id
     WHERE point.person_id = who.id),
    (SELECT json_agg(json_build_array(account.id, product.kind) ORDER BY account.id)
     FROM cases_account AS account JOIN cases_product AS product ON product.id = account.product_id
     WHERE account.person_id = debt.person_id AND account.creditor_id = debt.creditor_id AND account.status = 'open'),
    (SELECT json_agg(json_build_array(
        claim.person_id, claim.basis, claim.time_zone, claim.jurisdiction, claim.authoritative, claim.learned_at
     ) ORDER BY claim.id)
     FROM (
        SELECT * FROM cases_locationclaim WHERE person_id = ANY (ids.both_persons) AND ended_at IS NULL
        UNION ALL
        SELECT * FROM cases_locationclaim WHERE person_id = ANY (ids.both_persons) AND NOT $4 AND ended_at > $3
     ) AS claim),
    (SELECT json_agg(json_build_array(
        attempt.id, attempt.at, attempt.channel, attempt.direction, attempt.status, attempt.outcome, attempt.party,
        attempt.person_id, attempt.contacted_id, attempt.contact_point_id, attempt.address_id, point.kind,
        point.reserved, attempt.debts, attempt.purpose, attempt.content_class, attempt.automated, owner_then.acting_as,
        attempt.made_by_id, attempt.case_id
     ) ORDER BY attempt.at, attempt.id)
     FROM ({_CONTACTS}) AS attempt
     JOIN cases_creditor AS owner_then ON owner_then.id = attempt.creditor_id
     LEFT JOIN cases_contactpoint AS point ON point.id = attempt.contact_point_id),
    (SELECT json_agg(json_build_array(
        told.id, told.person_id, told.creditor_id, told.account_id, told.contact_point_id, told.address_id, told.kind,
        told.channel, told.place, told.form, told.details, told.received_at, told.expires_at, told.recorded_at,
        undone.withdrawn_at
     ) ORDER BY told.id)
     FROM (
        SELECT * FROM cases_instruction WHERE person_id = ANY (ids.both_persons)
        UNION ALL
        SELECT * FROM cases_instruction
        WHERE address_id = ANY (ids.reached) AND address_id IS NOT NULL AND person_id <> ALL (ids.both_persons)
     ) AS told
     LEFT JOIN cases_instructionwithdrawal AS undone ON undone.instruction_id = told.id),
    (SELECT json_agg(json_build_array(
        given.id, given.person_id, given.creditor_id, given.account_id, given.contact_point_id, given.kind,
        given.channel, given.form, given.context, given.evidence, given.details, given.given_at, given.expires_at,
        given.recorded_at, given.withdrawn_at, given.spent_at
     ) ORDER BY given.id)
     FROM cases_consent AS given WHERE given.person_id = ANY (ids.both_persons)),
    (SELECT json_agg(json_build_array(
        hold.id, hold.person_id, hold.creditor_id, hold.account_id, hold.kind, hold.starts_at, hold.ends_on,
        hold.recorded_at, hold.treatment_ended_on
     ) ORDER BY hold.id)
     FROM (
        SELECT * FROM cases_hold WHERE person_id = ANY (ids.both_persons) AND released_at IS NULL
        UNION ALL
        SELECT * FROM cases_hold WHERE person_id = ANY (ids.both_persons) AND NOT $4 AND released_at > $3
     ) AS hold),
    (SELECT json_agg(json_build_array(promise.id, promise.status, promise.made_at, promise.due_on, promise.settled_at)
     ORDER BY promise.id)
     FROM cases_promise AS promise WHERE promise.case_id = debt.id AND promise.status IN ('open', 'broken')),
    (SELECT json_agg(json_build_array(
        plan.id, plan.status, plan.drafted_at, plan.approved_at, plan.first_due_on, plan.months, plan.ended_at
     ) ORDER BY plan.id)
     FROM (
        SELECT id, status, drafted_at, approved_at, first_due_on, months, ended_at FROM cases_plan
        WHERE case_id = debt.id AND status IN ('approved', 'performing', 'missed', 'broken')
        UNION ALL  -- an agreed settlement rests collection as a plan does; a negative key tells it from one
        SELECT -deal.id, CASE deal.status WHEN 'accepted' THEN 'performing' ELSE 'broken' END, deal.drafted_at,
               deal.accepted_at, part.due_on, 1, deal.ended_at
        FROM cases_settlement AS deal JOIN cases_settlementpart AS part ON part.settlement_id = deal.id
        WHERE deal.case_id = debt.id AND part.number = 1 AND deal.accepted_at IS NOT NULL
          AND deal.status IN ('accepted', 'failed', 'withdrawn')
     ) AS plan),
    (SELECT json_agg(json_build_array(party.id, party.person_id, party.account_id, party.role, party.since)
     ORDER BY party.id)
     FROM cases_partyrole AS party
     WHERE party.borrower_id = debt.borrower_id AND party.role IN ('joint_debtor', 'guarantor', 'counter_guarantor')
       AND (party.until IS NULL OR party.until > $3)),
    (SELECT json_agg(json_build_array(clock.id, clock.account_id, clock.over_at) ORDER BY clock.id)
     FROM contacts_legalclock AS clock
     WHERE clock.case_id = debt.id AND clock.kind = 'limitation' AND clock.over_at <= $3),
    (SELECT json_build_array(policy.opens, policy.closes, policy.document, policy.id)
     FROM cases_firmpolicyversion AS policy
     WHERE policy.creditor_id = debt.creditor_id AND policy.in_force_from <= $3
     ORDER BY policy.in_force_from DESC, policy.id DESC LIMIT 1),
    (SELECT json_agg(json_build_array(stop.scope, stop.target) ORDER BY stop.id)
     FROM contacts_stoporder AS stop WHERE stop.lifted_at IS NULL)
FROM cases_case AS debt
JOIN cases_creditor AS owner ON owner.id = debt.creditor_id
JOIN cases_person AS who ON who.id = coalesce($2, debt.person_id)
CROSS JOIN LATERAL (
    SELECT ARRAY[debt.person_id, who.id] AS both_persons,
           ARRAY(SELECT point.address_id FROM cases_contactpoint AS point WHERE point.person_id = who.id) AS reached,
           ARRAY(SELECT point.address_id FROM cases_contactpoint AS point
                 WHERE point.person_id = who.id AND point.kind IN ('work_phone', 'workplace', 'work_email')) AS at_work
    OFFSET 0
) AS ids
WHERE debt.id = $1
"""

# The same of many cases in one statement: what each is asked about is bound to the columns of an array.
_ASKED: Final = {
    "$1": "asked.case_id",
    "$2": "NULL::bigint",
    "$3": "asked.at",
    "$4": "asked.is_live",
    "$5": "asked.since",
    "$6": "asked.until",
}
COLUMNS: Final = 27  # of the statement of one case


def of_many(statement: str) -> str:
    """Return the statement of one case as that of many: $1 cases, $2 instants, $3 whether they are now, $4 beginnings
    of the longest windows, $5 ends of what is read.
    """
    for number, column in _ASKED.items():
        statement = statement.replace(number, column)
    names = ", ".join(f"c{number}" for number in range(1, COLUMNS + 1))
    return f"""
    SELECT found.*
    FROM unnest($1, $2, $3, $4, $5) AS asked (case_id, at, is_live, since, until)
    CROSS JOIN LATERAL ({statement}) AS found ({names})
    """


FACTS_OF_CASES: Final = of_many(FACTS_OF_A_CASE)
