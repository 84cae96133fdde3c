"""What no code can get around: declared moves only, history that only grows, rows that belong together."""

from django.db import migrations

from collections_app.shared import schema


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_first_schema")]

    operations = [
        schema.functions(),
        schema.state_guard(
            "cases_promise",
            begins=["open"],
            moves=[
                ("kept", "broken"),
                ("kept", "open"),
                ("open", "broken"),
                ("open", "cancelled"),
                ("open", "kept"),
                ("open", "partly_kept"),
                ("partly_kept", "broken"),
                ("partly_kept", "open"),
            ],
        ),
        schema.state_guard(
            "cases_plan",
            begins=["draft"],
            moves=[
                ("approved", "cancelled"),
                ("approved", "performing"),
                ("draft", "approved"),
                ("draft", "cancelled"),
                ("missed", "broken"),
                ("missed", "cancelled"),
                ("missed", "performing"),
                ("performing", "cancelled"),
                ("performing", "completed"),
                ("performing", "missed"),
            ],
        ),
        schema.state_guard(
            "cases_case",
            begins=["new"],
            moves=[
                ("cured", "working"),
                ("new", "closed"),
                ("new", "cured"),
                ("new", "on_plan"),
                ("new", "promised"),
                ("new", "working"),
                ("on_plan", "closed"),
                ("on_plan", "cured"),
                ("on_plan", "working"),
                ("promised", "closed"),
                ("promised", "cured"),
                ("promised", "on_plan"),
                ("promised", "working"),
                ("working", "closed"),
                ("working", "cured"),
                ("working", "on_plan"),
                ("working", "promised"),
            ],
        ),
        schema.state_guard(
            "cases_importbatch",
            begins=["uploaded"],
            moves=[
                ("checked", "loaded"),
                ("checked", "refused"),
                ("loaded", "rolled_back"),
                ("staged", "checked"),
                ("staged", "refused"),
                ("uploaded", "refused"),
                ("uploaded", "staged"),
            ],
        ),
        schema.state_guard(
            "cases_payment",
            begins=["received"],
            moves=[
                ("allocated", "reversed"),
                ("received", "allocated"),
                ("received", "unallocated"),
                ("unallocated", "allocated"),
                ("unallocated", "reversed"),
            ],
        ),
        schema.append_only("cases_accountstate", generated=["past_due_since"]),
        schema.append_only("cases_ledgerentry"),
        schema.append_only("cases_note"),
        schema.append_only("cases_instructionwithdrawal"),
        schema.same_person("cases_account", "borrower_id", "cases_borrower"),
        schema.same_person("cases_case", "borrower_id", "cases_borrower"),
        schema.same_person("cases_accountstate", "account_id", "cases_account"),
        schema.same_person("cases_ledgerentry", "account_id", "cases_account"),
        schema.same_person("cases_buckettransition", "account_id", "cases_account"),
        schema.same_person("cases_payment", "account_id", "cases_account"),
        schema.same_person("cases_promise", "case_id", "cases_case"),
        schema.same_person("cases_plan", "case_id", "cases_case"),
        schema.same_person("cases_note", "case_id", "cases_case"),
        schema.same_person("cases_document", "case_id", "cases_case"),
        schema.same_person("cases_planinstalment", "plan_id", "cases_plan"),
        schema.same_person("cases_promisepayment", "promise_id", "cases_promise"),
        schema.same_person("cases_instruction", "contact_point_id", "cases_contactpoint"),
        schema.same_person("cases_consent", "contact_point_id", "cases_contactpoint"),
        schema.same_person("cases_instruction", "account_id", "cases_account"),
        schema.same_person("cases_hold", "account_id", "cases_account"),
    ]
