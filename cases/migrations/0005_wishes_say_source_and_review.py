"""Wishes, consents and holds say where they come from, how they end, and who comes back to them and when."""

from datetime import timedelta

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

MATTERS = ("dispute_open", "complaint_open", "debt_adviser_engaged", "sensitive_occasion")


def name_reviewers(apps, schema_editor):
    """Give every hold without a team, and every open matter, somebody to come back to it."""
    holds, instructions = apps.get_model("cases", "Hold"), apps.get_model("cases", "Instruction")
    cases, teams = apps.get_model("cases", "Case"), apps.get_model("staff", "Team")
    apps.get_model("cases", "Consent").objects.filter(withdrawn_at__isnull=False).update(
        withdrawn_reason="not recorded"
    )
    unkept = list(holds.objects.filter(ends_on__isnull=True, reviewer_team__isnull=True))
    matters = list(instructions.objects.filter(kind__in=MATTERS, expires_at__isnull=True))
    if not unkept and not matters:
        return
    anybody = teams.objects.order_by("pk").first() or teams.objects.create(code="compliance", name="Compliance")
    for row in (*unkept, *matters):
        case = cases.objects.filter(person_id=row.person_id, team__isnull=False).order_by("-pk").first()
        row.reviewer_team_id = case.team_id if case else anybody.pk
        if row.review_on is None:
            row.review_on = (row.recorded_at + timedelta(days=30)).date()
        row.save(update_fields=["reviewer_team", "review_on"])


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0004_api_clients_may_ask_for_calls"),
        ("staff", "0002_clock_and_text_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="confirmed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="context",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "not known"),
                    ("permitted", "in a contact of ours that was permitted"),
                    ("not_permitted", "in a contact of ours that was not permitted"),
                    ("inbound", "the person contacted us"),
                    ("written", "in writing, on no contact of ours"),
                ],
                default="",
                max_length=15,
                verbose_name="given",
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="source",
            field=models.CharField(
                choices=[
                    ("call", "call"),
                    ("message", "message"),
                    ("letter", "letter"),
                    ("portal", "borrower page"),
                    ("file", "file"),
                    ("visit", "visit"),
                    ("other", "other way"),
                ],
                default="call",
                max_length=10,
                verbose_name="source",
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="spent_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="spent"),
        ),
        migrations.AddField(
            model_name="consent",
            name="withdrawn_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="withdrawn_reason",
            field=models.CharField(blank=True, max_length=300, verbose_name="withdrawn because"),
        ),
        migrations.AddField(
            model_name="hold",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cases.importbatch",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="evidence",
            field=models.CharField(blank=True, max_length=200, verbose_name="evidence"),
        ),
        migrations.AddField(
            model_name="hold",
            name="extensions",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="extended, times"),
        ),
        migrations.AddField(
            model_name="hold",
            name="reviewer",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="source",
            field=models.CharField(
                choices=[
                    ("call", "call"),
                    ("message", "message"),
                    ("letter", "letter"),
                    ("portal", "borrower page"),
                    ("file", "file"),
                    ("visit", "visit"),
                    ("other", "other way"),
                ],
                default="other",
                max_length=10,
                verbose_name="source",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="treatment_ended_on",
            field=models.DateField(blank=True, null=True, verbose_name="treatment ended"),
        ),
        migrations.AddField(
            model_name="instruction",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cases.importbatch",
            ),
        ),
        migrations.AddField(
            model_name="instruction",
            name="confirms",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="confirmations",
                to="cases.instruction",
            ),
        ),
        migrations.AddField(
            model_name="instruction",
            name="evidence",
            field=models.CharField(blank=True, max_length=200, verbose_name="evidence"),
        ),
        migrations.AddField(
            model_name="instruction",
            name="review_on",
            field=models.DateField(blank=True, null=True, verbose_name="review on"),
        ),
        migrations.AddField(
            model_name="instruction",
            name="reviewer",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="instruction",
            name="reviewer_team",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="staff.team",
            ),
        ),
        migrations.AddField(
            model_name="instruction",
            name="sent_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="sent"),
        ),
        migrations.AddField(
            model_name="instruction",
            name="source",
            field=models.CharField(
                choices=[
                    ("call", "call"),
                    ("message", "message"),
                    ("letter", "letter"),
                    ("portal", "borrower page"),
                    ("file", "file"),
                    ("visit", "visit"),
                    ("other", "other way"),
                ],
                default="call",
                max_length=10,
                verbose_name="source",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="form",
            field=models.CharField(
                choices=[
                    ("oral", "by word of mouth"),
                    ("written", "in writing"),
                    ("email", "by e-mail"),
                    ("sms", "by text message"),
                    ("portal", "on the borrower page"),
                    ("professional_notice", "notice of a professional"),
                ],
                default="oral",
                max_length=20,
                verbose_name="form",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="kind",
            field=models.CharField(
                choices=[
                    ("dispute", "dispute"),
                    ("complaint", "complaint"),
                    ("bankruptcy", "bankruptcy"),
                    ("deceased", "deceased"),
                    ("represented", "represented by a lawyer"),
                    ("hardship", "hardship"),
                    ("vulnerable", "vulnerable"),
                    ("breathing_space", "breathing space"),
                    ("fraud", "suspected fraud or stolen identity"),
                    ("policy", "firm policy"),
                    ("crisis_moratorium", "mental health crisis treatment"),
                    ("capacity_limited", "capacity to act is limited"),
                    ("minor", "minor"),
                    ("debt_adviser", "a debt adviser makes a plan"),
                    ("deferral", "collection deferred"),
                    ("occasion", "bereavement or other occasion"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="review_on",
            field=models.DateField(blank=True, null=True, verbose_name="review on"),
        ),
        migrations.AlterField(
            model_name="instruction",
            name="form",
            field=models.CharField(
                choices=[
                    ("oral", "by word of mouth"),
                    ("written", "in writing"),
                    ("email", "by e-mail"),
                    ("sms", "by text message"),
                    ("portal", "on the borrower page"),
                    ("professional_notice", "notice of a professional"),
                ],
                default="oral",
                max_length=20,
                verbose_name="form",
            ),
        ),
        migrations.AlterField(
            model_name="instruction",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opt_out", "do not use this medium"),
                    ("cease_request", "stop all contact"),
                    ("inconvenient_window", "inconvenient time"),
                    ("attorney_represented", "a lawyer acts"),
                    ("employer_prohibits_contact", "employer forbids contact"),
                    ("third_party_refused", "third person refuses"),
                    ("dispute_open", "disputes the debt"),
                    ("debt_adviser_engaged", "a debt adviser is engaged"),
                    ("complaint_open", "complaint lodged"),
                    ("sensitive_occasion", "bereavement or other occasion"),
                    ("only_times", "only at these times"),
                    ("inconvenient_place", "not at this place"),
                    ("workplace_request", "no calls at work"),
                    ("opt_out_confirmed", "no calls at work, confirmed in writing"),
                    ("attorney_consents_direct", "the lawyer agrees to direct contact"),
                    ("vulnerable", "needs special care"),
                    ("wrong_party", "the number belongs to a stranger"),
                    ("original_creditor_requested", "asks who the original creditor is"),
                    ("asked_to_leave", "asked the visitors to leave"),
                    ("location_answer_wrong", "an earlier answer about the address was wrong"),
                    ("inheritance_renounced", "renounces the inheritance"),
                ],
                max_length=30,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="apiclient",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("payments:write", "post payments"),
                        ("cases:read", "read cases and accounts"),
                        ("contacts:read", "read contact attempts"),
                        ("contacts:write", "ask for calls and report them"),
                        ("instructions:write", "post instructions, consents and holds"),
                        ("decisions:read", "read decisions"),
                    ],
                    max_length=20,
                ),
                default=list,
                verbose_name="scopes",
            ),
        ),
        migrations.RunPython(name_reviewers, migrations.RunPython.noop),
        # Foreign keys of the changed rows are checked now: PostgreSQL alters no table with checks pending.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False)), fields=["expires_at"], name="consents_that_expire"
            ),
        ),
        migrations.AddIndex(
            model_name="instruction",
            index=models.Index(
                condition=models.Q(("review_on__isnull", False)), fields=["review_on"], name="instructions_to_review"
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_at__isnull", True), ("expires_at__gt", models.F("given_at")), _connector="OR"
                ),
                name="consent_expires_after_it_was_given",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at__isnull", True), ("withdrawn_reason", "")),
                    models.Q(("withdrawn_at__isnull", False), models.Q(("withdrawn_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="consent_withdrawn_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("spent_by_attempt_id__isnull", True), ("spent_at__isnull", False), _connector="OR"),
                name="consent_spent_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on__isnull", False),
                    models.Q(
                        ("review_on__isnull", False),
                        models.Q(("reviewer_team__isnull", False), ("reviewer__isnull", False), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="hold_ends_or_has_a_reviewer",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "deferral"), _negated=True),
                    models.Q(("ends_on__isnull", False), ("extensions__lte", 1)),
                    _connector="OR",
                ),
                name="hold_that_defers_has_an_end_and_is_extended_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("treatment_ended_on__isnull", True), ("kind", "crisis_moratorium"), _connector="OR"
                ),
                name="hold_only_a_crisis_has_an_end_of_treatment",
            ),
        ),
        migrations.AddConstraint(
            model_name="instruction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sent_at__isnull", True), ("sent_at__lte", models.F("received_at")), _connector="OR"
                ),
                name="instruction_was_sent_before_it_was_received",
            ),
        ),
        migrations.AddConstraint(
            model_name="instruction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "kind__in",
                            (
                                "dispute_open",
                                "complaint_open",
                                "debt_adviser_engaged",
                                "sensitive_occasion",
                                "vulnerable",
                            ),
                        ),
                        _negated=True,
                    ),
                    ("expires_at__isnull", False),
                    models.Q(
                        ("review_on__isnull", False),
                        models.Q(("reviewer_team__isnull", False), ("reviewer__isnull", False), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="instruction_that_opens_a_matter_is_reviewed",
            ),
        ),
        migrations.AddConstraint(
            model_name="instruction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "wrong_party"), _negated=True), ("address__isnull", False), _connector="OR"
                ),
                name="instruction_about_a_wrong_party_names_the_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="instruction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "opt_out_confirmed"), _negated=True), ("confirms__isnull", False), _connector="OR"
                ),
                name="instruction_that_confirms_names_the_request",
            ),
        ),
    ]
