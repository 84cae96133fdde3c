"""What people and teams can take on: skills, languages, limits, days away."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0003_phone_and_extension"),
    ]

    operations = [
        migrations.CreateModel(
            name="TeamProfile",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="work",
                        serialize=False,
                        to="staff.team",
                    ),
                ),
                (
                    "creditors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        verbose_name="creditors, by code",
                    ),
                ),
                (
                    "buckets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=4), blank=True, default=list, verbose_name="buckets"
                    ),
                ),
                (
                    "jurisdictions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        verbose_name="jurisdictions",
                    ),
                ),
                (
                    "skills",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("early", "early arrears"),
                                ("late", "late arrears"),
                                ("legal", "legal work"),
                                ("visits", "visits"),
                                ("hardship", "people in hardship"),
                                ("mortgage", "mortgages"),
                                ("business", "business loans"),
                                ("complaints", "complaints"),
                            ],
                            max_length=12,
                        ),
                        blank=True,
                        default=list,
                        verbose_name="skills",
                    ),
                ),
            ],
            options={
                "verbose_name": "what a team takes",
                "verbose_name_plural": "what teams take",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "skills__contained_by",
                                ["early", "late", "legal", "visits", "hardship", "mortgage", "business", "complaints"],
                            )
                        ),
                        name="team_profile_skills_are_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkProfile",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="work",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "skills",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("early", "early arrears"),
                                ("late", "late arrears"),
                                ("legal", "legal work"),
                                ("visits", "visits"),
                                ("hardship", "people in hardship"),
                                ("mortgage", "mortgages"),
                                ("business", "business loans"),
                                ("complaints", "complaints"),
                            ],
                            max_length=12,
                        ),
                        blank=True,
                        default=list,
                        verbose_name="skills",
                    ),
                ),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("zh", "Chinese"),
                                ("yue", "Cantonese"),
                                ("en", "English"),
                                ("ja", "Japanese"),
                                ("ko", "Korean"),
                                ("vi", "Vietnamese"),
                                ("id", "Indonesian"),
                                ("ms", "Malay"),
                                ("th", "Thai"),
                                ("tl", "Filipino"),
                                ("hi", "Hindi"),
                                ("ta", "Tamil"),
                                ("es", "Spanish"),
                                ("fr", "French"),
                                ("de", "German"),
                                ("pt", "Portuguese"),
                                ("el", "Greek"),
                            ],
                            max_length=10,
                        ),
                        blank=True,
                        default=list,
                        verbose_name="speaks",
                    ),
                ),
                (
                    "tier",
                    models.CharField(
                        choices=[("junior", "junior"), ("senior", "senior"), ("specialist", "specialist")],
                        default="junior",
                        max_length=12,
                        verbose_name="level",
                    ),
                ),
                ("takes_cases", models.BooleanField(default=True, verbose_name="takes cases")),
                (
                    "max_cases",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="cases in hand, at most"),
                ),
                (
                    "minutes_a_day",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="minutes of work a day, at most"
                    ),
                ),
            ],
            options={
                "verbose_name": "work profile",
                "verbose_name_plural": "work profiles",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "skills__contained_by",
                                ["early", "late", "legal", "visits", "hardship", "mortgage", "business", "complaints"],
                            )
                        ),
                        name="work_profile_skills_are_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tier__in", ["junior", "senior", "specialist"])),
                        name="work_profile_tier_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("minutes_a_day__isnull", True), ("minutes_a_day__lte", 1440), _connector="OR"
                        ),
                        name="work_profile_minutes_fit_a_day",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Absence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_day", models.DateField(verbose_name="away from")),
                ("last_day", models.DateField(verbose_name="away until")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="absences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "absence",
                "verbose_name_plural": "absences",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="absence_ends_after_it_begins",
                    )
                ],
            },
        ),
    ]
