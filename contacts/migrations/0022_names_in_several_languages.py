"""Strategies, segments, steps and templates are called by name in more than one language; a step may have a name.

What the database hashes of a version is what it was where nothing is translated and no step is named, so a rehearsal of
before still stands for its version.
"""

from django.db import migrations, models

ROWS_HASH = """
CREATE OR REPLACE FUNCTION strategy_rows_hash(asked bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line), ''), 'UTF8')), 'hex')
    FROM (
        SELECT 'words ' || jsonb_build_object('sets', version.sets, 'named', version.named)::text AS line
        FROM contacts_strategyversion AS version WHERE version.id = asked
        UNION ALL
        SELECT 'segment ' || (to_jsonb(segment) - 'id' - 'version_id'%(segment)s)::text
        FROM contacts_segment AS segment WHERE segment.version_id = asked
        UNION ALL
        SELECT 'step ' || segment.key || ' ' || (to_jsonb(step) - 'id' - 'segment_id'%(step)s)::text
        FROM contacts_step AS step JOIN contacts_segment AS segment ON segment.id = step.segment_id
        WHERE segment.version_id = asked
        UNION ALL
        SELECT 'move ' || move.from_key || ' ' || move.action FROM contacts_move AS move WHERE move.version_id = asked
        UNION ALL
        SELECT 'creditor ' || whose.creditor_id
        FROM contacts_strategyversion_creditors AS whose WHERE whose.strategyversion_id = asked
    ) AS lines
$$;
"""
BEFORE = ROWS_HASH % {"segment": "", "step": ""}
AFTER = ROWS_HASH % {
    "segment": " - CASE WHEN segment.texts = '{}' THEN 'texts' ELSE '' END",
    "step": " - CASE WHEN step.texts = '{}' THEN 'texts' ELSE '' END - CASE WHEN step.name = '' THEN 'name' ELSE '' END",
}


def in_other_languages() -> models.JSONField:
    return models.JSONField(blank=True, default=dict, verbose_name="in other languages")


class Migration(migrations.Migration):
    dependencies = [("contacts", "0021_planned_contacts_are_held_by_two_keys")]

    operations = [
        *(
            migrations.AddField(model_name=name, name="texts", field=in_other_languages())
            for name in ("strategy", "segment", "step", "template")
        ),
        migrations.AddField(
            model_name="step",
            name="name",
            field=models.CharField(blank=True, default="", max_length=120, verbose_name="name"),
        ),
        migrations.RunSQL(AFTER, BEFORE),
    ]
