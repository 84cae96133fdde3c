"""The permit rule and the declared moves, kept by PostgreSQL; and what the role `app` may do.

The permit rule: an attempt of ours that is or was cleared hangs on its own permitting decision, and person, contact point,
channel, purpose, content class, automation and both ends of the permit agree. It is checked when the transaction commits,
whatever wrote the row.
"""

from django.db import migrations

from collections_app.shared import schema

PERMIT_RULE = """
CREATE FUNCTION refuse_attempt_without_permit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attempt contacts_contactattempt%ROWTYPE;
    permit compliance_decision%ROWTYPE;
BEGIN
    -- The row as it stands at commit, not as it stood at this statement.
    SELECT * INTO attempt FROM contacts_contactattempt WHERE id = NEW.id;
    IF NOT FOUND OR attempt.origin <> 'ours' OR attempt.status = 'withheld' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO permit FROM compliance_decision WHERE id = attempt.decision_id;
    IF NOT FOUND OR permit.verdict <> 'permit' THEN
        RAISE EXCEPTION 'attempt % has no permitting decision', attempt.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_ours_has_its_own_permit';
    END IF;
    IF permit.person_id <> attempt.contacted_id
       OR permit.contact_point_id IS DISTINCT FROM attempt.contact_point_id
       OR permit.channel <> attempt.channel
       OR permit.purpose <> attempt.purpose
       OR permit.content_class <> attempt.content_class
       OR permit.automated <> attempt.automated
       OR permit.valid_from IS DISTINCT FROM attempt.valid_from
       OR permit.valid_until IS DISTINCT FROM attempt.valid_until
       OR attempt.at < permit.valid_from OR attempt.at >= permit.valid_until
       OR attempt.started_at < permit.valid_from OR attempt.started_at >= permit.valid_until THEN
        RAISE EXCEPTION 'attempt % differs from what its decision permitted', attempt.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_ours_has_its_own_permit';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER attempt_ours_has_its_own_permit
    AFTER INSERT OR UPDATE ON contacts_contactattempt
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_attempt_without_permit();

CREATE FUNCTION refuse_change_of_origin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.origin <> OLD.origin OR NEW.decision_id IS DISTINCT FROM OLD.decision_id OR NEW.key <> OLD.key THEN
        RAISE EXCEPTION 'attempt % keeps its origin, decision and key', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER attempt_keeps_its_origin BEFORE UPDATE ON contacts_contactattempt
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_origin();

CREATE TRIGGER attempt_is_never_deleted BEFORE DELETE ON contacts_contactattempt
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER attempts_are_never_truncated BEFORE TRUNCATE ON contacts_contactattempt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

ALTER TABLE contacts_contactattempt ADD CONSTRAINT attempt_point_is_of_whom_it_reaches
    FOREIGN KEY (contact_point_id, contacted_id) REFERENCES cases_contactpoint (id, person_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""

UNDO = """
ALTER TABLE contacts_contactattempt DROP CONSTRAINT attempt_point_is_of_whom_it_reaches;
DROP TRIGGER attempts_are_never_truncated ON contacts_contactattempt;
DROP TRIGGER attempt_is_never_deleted ON contacts_contactattempt;
DROP TRIGGER attempt_keeps_its_origin ON contacts_contactattempt;
DROP FUNCTION refuse_change_of_origin();
DROP TRIGGER attempt_ours_has_its_own_permit ON contacts_contactattempt;
DROP FUNCTION refuse_attempt_without_permit();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0001_first_schema"),
        ("cases", "0002_rules_kept_by_the_database"),
        ("compliance", "0001_first_schema"),
        ("admin", "0001_initial"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        schema.state_guard(
            "contacts_contactattempt",
            begins=["cleared", "withheld", "recorded"],
            moves=[
                ("cleared", "cancelled"),
                ("cleared", "completed"),
                ("cleared", "failed"),
                ("cleared", "in_progress"),
                ("cleared", "sent"),
                ("cleared", "uncertain"),
                ("cleared", "withheld"),
                ("in_progress", "completed"),
                ("in_progress", "failed"),
                ("sent", "delivered"),
                ("sent", "failed"),
                ("uncertain", "cancelled"),
                ("uncertain", "delivered"),
                ("uncertain", "failed"),
                ("uncertain", "sent"),
            ],
        ),
        schema.state_guard(
            "contacts_plannedcontact",
            begins=["planned"],
            moves=[
                ("claimed", "cancelled"),
                ("claimed", "done"),
                ("claimed", "withheld"),
                ("planned", "cancelled"),
                ("planned", "claimed"),
                ("planned", "done"),
                ("planned", "withheld"),
                ("withheld", "cancelled"),
                ("withheld", "claimed"),
                ("withheld", "done"),
            ],
        ),
        schema.state_guard(
            "contacts_strategyversion",
            begins=["draft"],
            moves=[
                ("approved", "draft"),
                ("approved", "published"),
                ("approved", "retired"),
                ("draft", "rehearsed"),
                ("published", "retired"),
                ("published", "stopped"),
                ("rehearsed", "approved"),
                ("rehearsed", "draft"),
                ("stopped", "published"),
                ("stopped", "retired"),
            ],
        ),
        migrations.RunSQL(PERMIT_RULE, UNDO),
        schema.same_person("contacts_enrolment", "case_id", "cases_case"),
        schema.same_person("contacts_plannedcontact", "case_id", "cases_case"),
        schema.same_person("contacts_plannedcontact", "enrolment_id", "contacts_enrolment"),
        schema.same_person("contacts_contactattempt", "case_id", "cases_case"),
        schema.grants(
            insert_only=[
                "cases_accountstate",
                "cases_ledgerentry",
                "cases_note",
                "compliance_decision",
                "compliance_auditevent",
                "compliance_auditlink",
            ]
        ),
    ]
