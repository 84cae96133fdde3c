"""Nobody publishes what was not rehearsed, and nothing of it changes afterwards: kept by PostgreSQL, whoever writes.

- What a version does is hashed by the database itself, when its rehearsal is asked for or begins, and again when it is
  approved and published: both must be equal, and so must the content hashes that the product has written.
- A version is approved by somebody who neither wrote nor edited it.
- Segments, steps, moves, creditors, sets and named conditions change while it is a draft, never later.
- What a rehearsal found does not change once it is done.
"""

from django.db import migrations

GUARDS = """
CREATE FUNCTION strategy_rows_hash(asked bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line), ''), 'UTF8')), 'hex')
    FROM (
        SELECT 'words ' || jsonb_build_object('sets', version.sets, 'named', version.named)::text AS line
        FROM contacts_strategyversion AS version WHERE version.id = asked
        UNION ALL
        SELECT 'segment ' || (to_jsonb(segment) - 'id' - 'version_id')::text
        FROM contacts_segment AS segment WHERE segment.version_id = asked
        UNION ALL
        SELECT 'step ' || segment.key || ' ' || (to_jsonb(step) - 'id' - 'segment_id')::text
        FROM contacts_step AS step JOIN contacts_segment AS segment ON segment.id = step.segment_id
        WHERE segment.version_id = asked
        UNION ALL
        SELECT 'move ' || move.from_key || ' ' || move.action FROM contacts_move AS move WHERE move.version_id = asked
        UNION ALL
        SELECT 'creditor ' || whose.creditor_id
        FROM contacts_strategyversion_creditors AS whose WHERE whose.strategyversion_id = asked
    ) AS lines
$$;

CREATE FUNCTION refuse_strategy_not_rehearsed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rehearsed contacts_rehearsal%ROWTYPE;
BEGIN
    IF NEW.strategy_id <> OLD.strategy_id OR NEW.version <> OLD.version
       OR (OLD.created_by_id IS NOT NULL AND NEW.created_by_id IS DISTINCT FROM OLD.created_by_id) THEN
        RAISE EXCEPTION 'strategy version % keeps its strategy, number and author', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'strategy_version_in_use_never_changes';
    END IF;
    IF OLD.status <> 'draft' AND (NEW.sets IS DISTINCT FROM OLD.sets OR NEW.named IS DISTINCT FROM OLD.named) THEN
        RAISE EXCEPTION 'strategy version % is no draft', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'strategy_version_in_use_never_changes';
    END IF;
    IF OLD.status NOT IN ('draft', 'rehearsed') AND NEW.status <> 'draft'
       AND (NEW.content_hash, NEW.rehearsal_id, NEW.approved_by_id, NEW.approved_at)
           IS DISTINCT FROM (OLD.content_hash, OLD.rehearsal_id, OLD.approved_by_id, OLD.approved_at) THEN
        RAISE EXCEPTION 'strategy version % keeps what was approved', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'strategy_version_in_use_never_changes';
    END IF;
    IF NEW.status = OLD.status OR NOT (NEW.status = 'approved' OR (OLD.status = 'approved' AND NEW.status = 'published'))
    THEN
        RETURN NEW;
    END IF;
    SELECT * INTO rehearsed FROM contacts_rehearsal WHERE id = NEW.rehearsal_id;
    IF NOT FOUND OR rehearsed.version_id <> NEW.id OR rehearsed.status <> 'done' OR rehearsed.sample <> 1
       OR NEW.content_hash = '' OR rehearsed.content_hash <> NEW.content_hash
       OR rehearsed.rows_hash <> strategy_rows_hash(NEW.id) THEN
        RAISE EXCEPTION 'strategy version % was not rehearsed as it is', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'strategy_is_published_as_it_was_rehearsed';
    END IF;
    IF NEW.approved_by_id IS NULL OR NEW.approved_at IS NULL OR NEW.approved_by_id = NEW.created_by_id
       OR EXISTS (SELECT FROM contacts_draftedit AS edit
                  WHERE edit.version_id = NEW.id AND edit.by_id = NEW.approved_by_id AND edit.state = 'done') THEN
        RAISE EXCEPTION 'strategy version % is approved by somebody who did not write it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'strategy_is_approved_by_somebody_else';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER strategy_is_published_as_it_was_rehearsed BEFORE UPDATE ON contacts_strategyversion
    FOR EACH ROW EXECUTE FUNCTION refuse_strategy_not_rehearsed();

-- The row's version is locked against a change of status, so that nobody approves while somebody edits.
CREATE FUNCTION refuse_change_of_used_strategy() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines jsonb[] := '{}';
    line jsonb;
    asked bigint;
    standing text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        lines := array_append(lines, to_jsonb(OLD));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        lines := array_append(lines, to_jsonb(NEW));
    END IF;
    FOREACH line IN ARRAY lines LOOP
        IF TG_ARGV[0] = 'segment_id' THEN
            SELECT segment.version_id INTO asked FROM contacts_segment AS segment
            WHERE segment.id = (line ->> 'segment_id')::bigint;
        ELSE
            asked := (line ->> TG_ARGV[0])::bigint;
        END IF;
        SELECT version.status INTO standing FROM contacts_strategyversion AS version
        WHERE version.id = asked FOR SHARE;
        IF FOUND AND standing <> 'draft' THEN
            RAISE EXCEPTION 'strategy version % is no draft: % refused on %', asked, TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'strategy_version_in_use_never_changes';
        END IF;
    END LOOP;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER segment_of_a_used_version_stays BEFORE INSERT OR UPDATE OR DELETE ON contacts_segment
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_used_strategy('version_id');
CREATE TRIGGER step_of_a_used_version_stays BEFORE INSERT OR UPDATE OR DELETE ON contacts_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_used_strategy('segment_id');
CREATE TRIGGER move_of_a_used_version_stays BEFORE INSERT OR UPDATE OR DELETE ON contacts_move
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_used_strategy('version_id');
CREATE TRIGGER creditor_of_a_used_version_stays BEFORE INSERT OR UPDATE OR DELETE ON contacts_strategyversion_creditors
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_used_strategy('strategyversion_id');

CREATE FUNCTION keep_what_was_rehearsed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = 'done' THEN
            RAISE EXCEPTION 'rehearsal % is done and stays', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'rehearsal_done_never_changes';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.status = 'done' THEN
        RAISE EXCEPTION 'rehearsal % is done and stays as it is', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rehearsal_done_never_changes';
    END IF;
    IF TG_OP = 'INSERT' OR OLD.status = 'waiting' THEN
        NEW.rows_hash := strategy_rows_hash(NEW.version_id);
    ELSE
        NEW.rows_hash := OLD.rows_hash;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rehearsal_done_never_changes BEFORE INSERT OR UPDATE OR DELETE ON contacts_rehearsal
    FOR EACH ROW EXECUTE FUNCTION keep_what_was_rehearsed();

CREATE FUNCTION keep_what_a_rehearsal_found() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked bigint[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        asked := array_append(asked, OLD.rehearsal_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        asked := array_append(asked, NEW.rehearsal_id);
    END IF;
    IF EXISTS (SELECT FROM contacts_rehearsal AS rehearsal
               WHERE rehearsal.id = ANY(asked) AND rehearsal.status = 'done') THEN
        RAISE EXCEPTION 'the numbers of a rehearsal that is done stay as they are'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rehearsal_done_never_changes';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cells_of_a_rehearsal_done_never_change BEFORE INSERT OR UPDATE OR DELETE ON contacts_rehearsalcell
    FOR EACH ROW EXECUTE FUNCTION keep_what_a_rehearsal_found();
"""

UNDO = """
DROP TRIGGER cells_of_a_rehearsal_done_never_change ON contacts_rehearsalcell;
DROP FUNCTION keep_what_a_rehearsal_found();
DROP TRIGGER rehearsal_done_never_changes ON contacts_rehearsal;
DROP FUNCTION keep_what_was_rehearsed();
DROP TRIGGER creditor_of_a_used_version_stays ON contacts_strategyversion_creditors;
DROP TRIGGER move_of_a_used_version_stays ON contacts_move;
DROP TRIGGER step_of_a_used_version_stays ON contacts_step;
DROP TRIGGER segment_of_a_used_version_stays ON contacts_segment;
DROP FUNCTION refuse_change_of_used_strategy();
DROP TRIGGER strategy_is_published_as_it_was_rehearsed ON contacts_strategyversion;
DROP FUNCTION refuse_strategy_not_rehearsed();
DROP FUNCTION strategy_rows_hash(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0019_experiments_draw_sides")]

    operations = [migrations.RunSQL(GUARDS, UNDO)]
