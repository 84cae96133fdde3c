from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("staff", "0002_clock_and_text_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="extension",
            field=models.CharField(
                blank=True,
                help_text="The inner number of the telephone on the desk.",
                max_length=20,
                verbose_name="extension",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="phone",
            field=models.CharField(
                blank=True,
                help_text="With the country, as +86 139 1234 5678. Tests of messages go there, nothing else.",
                max_length=16,
                verbose_name="mobile phone",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("phone", ""), ("phone__regex", "^\\+[1-9][0-9]{6,14}$"), _connector="OR"),
                name="staff_user_phone_is_international",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("extension", ""), ("extension__regex", "^[0-9]{1,20}$"), _connector="OR"),
                name="staff_user_extension_is_digits",
                violation_error_message="An extension is digits only.",
            ),
        ),
    ]
