"""Uploading a tape in the browser: clear refusals, progress, what was taken and what was refused."""

import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cases.imports import waiting
from cases.models import Account, ImportBatch
from cases.tasks import load_uploaded
from collections_app.staff.models import Team
from tests.factories.cases import AccountFactory, CreditorFactory, PaymentFactory, ProductFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.django_db
HEADING = "account_id,as_of,oldest_unpaid_due_date,statement_balance,credit_limit,last_payment_amount\n"
ROWS = (
    "6222000000000001,2026-03-03,2026-02-20,1200.00,5000.00,0.00\n"
    "6222000000000002,2026-03-03,,300.00,5000.00,0.00\n"
    "6222000000000003,2026-03-03,2026-13-40,10.00,5000.00,0.00\n"
)


@pytest.fixture
def bank(at, settings, tmp_path):
    set_clock(settings, at)
    settings.MEDIA_ROOT = tmp_path
    creditor = CreditorFactory(code="bank", team=Team.objects.create(code="north", name="North"))
    ProductFactory(creditor=creditor, code="card")
    return creditor


@pytest.fixture
def admin(client, bank):
    user = UserFactory(admin=True)
    client.force_login(user)
    return user


def send(client, bank, content, *, name="tape.csv", **more):
    file = SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())
    form = {"creditor": bank.pk, "mapping": "card-arrears", "as_of": "2026-03-03", "file": file} | more
    return client.post(reverse("cases:imports"), form)


def test_a_tape_is_uploaded_waits_is_loaded_and_shown_with_its_totals(client, admin, bank):
    answer = send(client, bank, HEADING + ROWS)
    batch = ImportBatch.objects.get()
    assert answer["Location"] == reverse("cases:import", args=[batch.pk])
    assert (batch.status, batch.file_name, batch.uploaded_by) == ("uploaded", "tape.csv", admin)
    waiting = client.get(answer["Location"])
    assert "Waiting for a worker" in waiting.text
    assert 'hx-trigger="every 2s"' in waiting.text
    load_uploaded()
    batch.refresh_from_db()
    assert (batch.status, batch.rows_read, batch.rows_accepted, batch.rows_refused) == ("loaded", 3, 2, 1)
    assert Account.objects.filter(creditor=bank).count() == 2
    page = client.get(answer["Location"])
    assert 'hx-trigger="every 2s"' not in page.text
    totals = {str(one["label"]): (one["stated"], one["found"], one["agrees"]) for one in page.context["totals"]}
    assert totals["balance"] == ("1,510.00", "1,500.00", False)
    assert page.context["refusals"][0]["line"] == 4
    assert "oldest_unpaid_due_date" in page.context["refusals"][0]["column"]
    assert page.context["refusals"][0]["sentence"]


def test_the_last_look_of_the_progress_asks_for_the_whole_page(client, admin, bank):
    url = send(client, bank, HEADING + ROWS)["Location"]
    assert "HX-Refresh" not in client.get(url, headers={"HX-Request": "true"})
    load_uploaded()
    assert client.get(url, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_the_same_file_twice_changes_nothing(client, admin, bank):
    for _time in range(2):
        send(client, bank, HEADING + ROWS)
        load_uploaded()
    first, second = ImportBatch.objects.order_by("pk")
    assert (first.rows_created, second.rows_created, second.rows_updated) == (2, 0, 0)
    assert second.rows_unchanged == 2


def test_a_file_that_is_only_tried_leaves_nothing(client, admin, bank, settings):
    page = send(client, bank, HEADING + ROWS, dry_run="on")
    assert page.status_code == 200
    assert "Nothing of it is in the book" in page.text
    assert page.context["batch"]["rows_accepted"] == 2
    assert not ImportBatch.objects.exists()
    assert not Account.objects.exists()
    assert list((Path(settings.MEDIA_ROOT) / "imports").glob("*")) == []


def test_a_waiting_file_can_be_loaded_where_no_worker_runs(client, admin, bank):
    send(client, bank, HEADING + ROWS)
    batch = ImportBatch.objects.get()
    client.post(reverse("cases:import-load", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.status == "loaded"


def test_a_file_is_loaded_although_cache_and_broker_are_away(client, admin, bank, settings, monkeypatch):
    dead = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": dead}

    def unheard(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(load_uploaded, "apply_async", unheard)
    assert send(client, bank, HEADING + ROWS).status_code == 302
    load_uploaded()
    assert ImportBatch.objects.get().status == "loaded"


def test_two_workers_do_not_read_one_file_at_the_same_time(client, admin, bank, at):
    send(client, bank, HEADING + ROWS)
    batch = ImportBatch.objects.get()
    cache.add(f"import-under-way-{batch.pk}", "1")
    assert waiting.load_one(batch.pk, at=at, actor=waiting.IMPORTER) is False
    cache.delete(f"import-under-way-{batch.pk}")
    assert waiting.load_one(batch.pk, at=at, actor=waiting.IMPORTER) is True
    assert waiting.load_one(batch.pk, at=at, actor=waiting.IMPORTER) is False


def _sheet_that_is_none():
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "no sheet")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "tape.csv", "The file is empty."),
        (b"\x00" * 200_000, "tape.csv", "This is not text"),
        (b"%PDF-1.7\n1 0 obj", "tape.pdf", "neither by its name"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj << >>", "tape.csv", "A tape is"),
        (_sheet_that_is_none(), "tape.xlsx", "spreadsheet"),
        (b"account_id,as_of\n1,2026-03-03\n", "tape.csv", "is missing"),
    ],
    ids=["empty", "zeros", "wrong ending", "pdf", "no sheet", "missing column"],
)
def test_a_file_that_cannot_be_taken_is_refused_at_once_with_the_reason(
    client, admin, bank, content, name, says, settings
):
    page = send(client, bank, content, name=name)
    assert page.status_code == 200
    assert says in str(page.context["form"].errors["file"]), page.context["form"].errors
    assert not ImportBatch.objects.exists()
    assert list((Path(settings.MEDIA_ROOT) / "imports").glob("*")) == []


def test_a_file_larger_than_allowed_is_refused_and_not_kept(client, admin, bank, settings):
    settings.IMPORT_MAX_BYTES = 2 * 1024**2
    page = send(client, bank, b"0" * (3 * 1024**2))
    assert "larger than 2 MB" in str(page.context["form"].errors["file"])
    small = send(client, bank, HEADING + ROWS)
    assert small.status_code == 302


def test_a_spreadsheet_has_a_smaller_limit(client, admin, bank, settings):
    settings.IMPORT_MAX_XLSX_BYTES = 1024**2
    page = send(client, bank, b"PK" + b"0" * (2 * 1024**2), name="tape.xlsx")
    assert "larger than 1 MB" in str(page.context["form"].errors["file"])


def test_balances_of_the_future_are_refused(client, admin, bank):
    page = send(client, bank, HEADING + ROWS, as_of="2026-03-09")
    assert "in the future" in str(page.context["form"].errors["as_of"])


def test_a_form_that_lacks_its_file_says_so(client, admin, bank):
    page = client.post(reverse("cases:imports"), {"creditor": bank.pk, "mapping": "auto", "as_of": "2026-03-03"})
    assert "required" in str(page.context["form"].errors["file"])


def test_an_upload_without_its_token_is_refused(admin, bank):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    answer = send(strict, bank, HEADING + ROWS)
    assert answer.status_code == 403
    assert not ImportBatch.objects.exists()


def test_every_refused_row_can_be_downloaded_with_its_reason(client, admin, bank):
    url = send(client, bank, HEADING + ROWS)["Location"]
    load_uploaded()
    answer = client.get(client.get(url).context["batch"]["refusals_url"])
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == '"Line","Column","What","Code","Reason"'
    assert lines[1].startswith('"4","oldest_unpaid_due_date","row refused"')
    assert len(lines) == 2


def test_a_refused_row_shows_nothing_of_the_row_itself(client, admin, bank):
    url = send(client, bank, HEADING + ROWS)["Location"]
    load_uploaded()
    assert "6222000000000003" not in client.get(url).text


@pytest.mark.parametrize("role", ["collector", "supervisor", "compliance"])
def test_only_an_administrator_uploads(client, bank, role):
    client.force_login(UserFactory(role=role, team=bank.team))
    assert send(client, bank, HEADING + ROWS).status_code == 403
    assert client.get(reverse("cases:imports")).status_code == 403
    assert not ImportBatch.objects.exists()


def test_the_list_of_imports_takes_the_same_queries_however_many_there_are(client, admin, bank):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("cases:imports"))
        return len(seen)

    send(client, bank, HEADING + ROWS)
    before = queries()
    for _time in range(3):
        send(client, bank, HEADING + ROWS)
    assert queries() == before


def unallocated(bank, **more):
    payment = PaymentFactory(creditor=bank, amount="200.00", **more)
    payment.set_aside(reason="unknown-account")
    payment.save()
    return payment


def test_a_supervisor_puts_a_payment_on_its_account(client, bank, at):
    account = AccountFactory(product=bank.products.get(), number="62220000 00000009", balance="500.00", on=at.date())
    account.number_hash = AccountFactory(product=bank.products.get(), number="6222000000000010").number_hash
    payment = unallocated(bank, received_at=at - timedelta(days=1))
    client.force_login(UserFactory(supervisor=True, team=bank.team))
    assert client.get(reverse("cases:unallocated")).context["page"].count == 1
    wrong = client.post(reverse("cases:allocate", args=[payment.pk]), {"account": "999"}, follow=True)
    assert "no account with this number" in wrong.text
    client.post(reverse("cases:allocate", args=[payment.pk]), {"account": "6222000000000010"})
    payment.refresh_from_db()
    assert (payment.status, payment.account.number_last4) == ("allocated", "0010")
    assert client.get(reverse("cases:unallocated")).context["page"].count == 0


def test_a_payment_of_another_team_cannot_be_placed(client, bank):
    payment = unallocated(bank)
    client.force_login(UserFactory(supervisor=True, team=Team.objects.create(code="south", name="South")))
    assert client.get(reverse("cases:unallocated")).context["page"].count == 0
    assert client.post(reverse("cases:allocate", args=[payment.pk]), {"account": "1"}).status_code == 404
    payment.refresh_from_db()
    assert payment.status == "unallocated"


def test_a_compliance_officer_sees_unallocated_money_and_cannot_move_it(client, bank):
    payment = unallocated(bank)
    client.force_login(UserFactory(compliance=True))
    assert client.get(reverse("cases:unallocated")).status_code == 200
    assert client.post(reverse("cases:allocate", args=[payment.pk]), {"account": "1"}).status_code == 403
