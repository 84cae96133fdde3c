import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema

# Letters that were made before there was a print room: they are printed like any other.
EARLIER = r"""
INSERT INTO contacts_postalletter
    (document_id, attempt_id, creditor_id, case_id, person_id, key, code, made_at, ending, reason)
SELECT d.id, a.id, c.creditor_id, c.id, d.person_id, substring(d.path from '([0-9a-f-]{36})\.pdf$')::uuid,
    '', d.added_at, '', ''
FROM cases_document d
JOIN cases_case c ON c.id = d.case_id
JOIN contacts_contactattempt a ON a.provider = 'print-room' AND a.provider_ref = 'document-' || d.id
    AND a.person_id = d.person_id
WHERE d.kind = 'letter' AND d.path ~ '[0-9a-f-]{36}\.pdf$'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_lenders_and_loans_of_more_countries"),
        ("contacts", "0008_providers_are_paced_and_held"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PrintBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[("open", "to be printed"), ("printed", "printed"), ("posted", "posted")],
                        default="open",
                        max_length=8,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                ("letters_count", models.PositiveIntegerField(verbose_name="letters")),
                ("pages", models.PositiveIntegerField(verbose_name="pages")),
                ("path", models.CharField(max_length=300)),
                ("sha256", models.CharField(max_length=64)),
                ("manifest", models.TextField()),
                ("manifest_sha256", models.CharField(max_length=64)),
                ("collected_at", models.DateTimeField(verbose_name="collected")),
                ("printed_at", models.DateTimeField(blank=True, null=True, verbose_name="printed")),
                ("posted_at", models.DateTimeField(blank=True, null=True, verbose_name="posted")),
                (
                    "collected_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "creditor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="print_batches", to="cases.creditor"
                    ),
                ),
                (
                    "posted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "printed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "print batch",
                "verbose_name_plural": "print batches",
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("proposed", "proposed"),
                            ("approved", "in use"),
                            ("refused", "refused"),
                            ("retired", "out of use"),
                        ],
                        default="proposed",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                ("picture_sealed", models.BinaryField()),
                ("picture_sha256", models.CharField(max_length=64)),
                ("proposed_at", models.DateTimeField(verbose_name="brought")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("retired_at", models.DateTimeField(blank=True, null=True, verbose_name="out of use since")),
                (
                    "creditor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="seals", to="cases.creditor"
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "seal",
                "verbose_name_plural": "seals",
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="PostalLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(unique=True)),
                ("code", models.CharField(blank=True, max_length=40, verbose_name="code")),
                ("pages", models.PositiveSmallIntegerField(null=True, verbose_name="pages")),
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("position", models.PositiveIntegerField(null=True)),
                ("posted_at", models.DateTimeField(null=True, verbose_name="posted")),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "—"),
                            ("withdrawn", "taken out before posting"),
                            ("delivered", "delivered"),
                            ("returned", "returned"),
                        ],
                        max_length=10,
                        verbose_name="ending",
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                (
                    "attempt",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postal_letter",
                        to="contacts.contactattempt",
                    ),
                ),
                (
                    "creditor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.creditor",
                    ),
                ),
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="postal_letter", to="cases.document"
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="postal_letters", to="cases.case"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="contacts.printbatch",
                    ),
                ),
                (
                    "seal",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="contacts.seal",
                    ),
                ),
            ],
            options={
                "verbose_name": "letter on paper",
                "verbose_name_plural": "letters on paper",
            },
        ),
        migrations.AddIndex(
            model_name="printbatch",
            index=models.Index(fields=["creditor", "-collected_at"], name="print_batches_of_a_creditor"),
        ),
        migrations.AddConstraint(
            model_name="printbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "printed", "posted"])), name="print_batch_status_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="printbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("status", "posted"), _negated=True),
                        models.Q(("posted_at__isnull", False), ("printed_at__isnull", False)),
                        _connector="OR",
                    ),
                    models.Q(
                        models.Q(("status", "printed"), _negated=True), ("printed_at__isnull", False), _connector="OR"
                    ),
                ),
                name="print_batch_posted_was_printed",
            ),
        ),
        migrations.AddConstraint(
            model_name="printbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("letters_count__gt", 0)), name="print_batch_has_letters"
            ),
        ),
        migrations.AddConstraint(
            model_name="seal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "approved")), fields=("creditor",), name="creditor_has_one_seal_in_use"
            ),
        ),
        migrations.AddConstraint(
            model_name="seal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("status__in", ["approved", "retired"]), _negated=True),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="seal_is_approved_by_somebody_else",
            ),
        ),
        migrations.AddConstraint(
            model_name="seal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                    _connector="OR",
                ),
                name="seal_in_use_says_who_approved_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="seal",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["proposed", "approved", "refused", "retired"])),
                name="seal_status_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="postalletter",
            index=models.Index(
                condition=models.Q(("batch__isnull", True), ("ending", "")),
                fields=["creditor", "id"],
                name="letters_to_be_printed",
            ),
        ),
        migrations.AddIndex(
            model_name="postalletter",
            index=models.Index(fields=["code"], name="letters_by_code"),
        ),
        migrations.AddConstraint(
            model_name="postalletter",
            constraint=models.UniqueConstraint(
                fields=("batch", "position"), name="letter_has_its_own_place_in_a_batch"
            ),
        ),
        migrations.AddConstraint(
            model_name="postalletter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("batch__isnull", True), ("position__isnull", True)),
                    models.Q(("batch__isnull", False), ("position__isnull", False)),
                    _connector="OR",
                ),
                name="letter_in_a_batch_has_a_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="postalletter",
            constraint=models.CheckConstraint(
                condition=models.Q(("posted_at__isnull", True), ("batch__isnull", False), _connector="OR"),
                name="letter_posted_was_in_a_batch",
            ),
        ),
        migrations.AddConstraint(
            model_name="postalletter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ending", "")),
                    models.Q(models.Q(("ending", ""), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="letter_ending_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="postalletter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ending", "withdrawn"), _negated=True), ("posted_at__isnull", True), _connector="OR"
                ),
                name="letter_withdrawn_was_never_posted",
            ),
        ),
        migrations.AddConstraint(
            model_name="postalletter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ending__in", ["delivered", "returned"]), _negated=True),
                    ("posted_at__isnull", False),
                    _connector="OR",
                ),
                name="letter_arrived_or_came_back_was_posted",
            ),
        ),
        schema.state_guard(
            "contacts_seal",
            begins=["proposed"],
            moves=[("approved", "retired"), ("proposed", "approved"), ("proposed", "refused")],
        ),
        schema.state_guard("contacts_printbatch", begins=["open"], moves=[("open", "printed"), ("printed", "posted")]),
        schema.same_person("contacts_postalletter", "case_id", "cases_case"),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
    ]
