"""The officer browses packs and rules, compares versions, runs examples, and schedules a version with a second one."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from compliance import packs_loader
from compliance.models import ScheduledRelease
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client, at, settings):
    set_clock(settings, at)
    user = UserFactory(compliance=True)
    client.force_login(user)
    return user


def get(client, name, *args, **query):
    return client.get(reverse(f"compliance:{name}", args=args), query)


def test_every_installed_pack_is_listed_with_its_rules(client, officer):
    page = get(client, "packs")
    assert [row["id"] for row in page.context["packs"]] == list(packs_loader.installed())
    rows = {row["id"]: row for row in page.context["packs"]}
    pack = packs_loader.get("CN-CBA-2026")
    assert rows["CN-CBA-2026"]["rules"] == len(pack.rules)
    assert rows["CN-CBA-2026"]["weak"] == sum(rule.needs_review for rule in pack.rules)
    assert rows["IN-RBI-2026-DRAFT"]["enabled"] is False


def test_a_place_narrows_the_packs_and_a_word_finds_rules(client, officer):
    assert {row["id"] for row in get(client, "packs", place="GB").context["packs"]} >= {"GB-CONC", "GB-MORATORIUM"}
    assert "US-FED" not in {row["id"] for row in get(client, "packs", place="GB").context["packs"]}
    rules = get(client, "packs", q="未接通").context["rules"]
    assert "CN-FREQ-ATT" in {row["id"] for row in rules}
    assert all("local_hours" in packs_loader.get(row["pack"]).content for row in rules if row["id"] == "CN-TIME-CBA")
    assert get(client, "packs", q="there is no such word").context["rules"] == []


def test_a_pack_page_shows_its_rules_and_runs_its_examples_when_asked(client, officer):
    page = get(client, "pack", "CN-CBA-2026")
    assert page.context["results"] is None
    assert {row["id"] for row in page.context["rules"]} == {r.id for r in packs_loader.get("CN-CBA-2026").rules}
    run = get(client, "pack", "CN-CBA-2026", examples="1").context["results"]
    assert len(run["lines"]) == len(packs_loader.get("CN-CBA-2026").examples)
    assert run["failed"] == 0
    assert {line["expected"] for line in run["lines"]} == {"refuse", "permit"}


def test_a_rule_page_shows_its_text_versions_and_proofs(client, officer):
    page = get(client, "rule", "CN-FREQ-ATT")
    assert page.context["rule"]["id"] == "CN-FREQ-ATT"
    assert [column.is_current for column in page.context["columns"]] == [True]
    assert page.context["proofs"]
    assert "中国银行业协会" in page.text


@pytest.mark.parametrize(("name", "args"), [("pack", ["NO-SUCH"]), ("rule", ["NO-SUCH"]), ("compare", ["NO-SUCH"])])
def test_what_is_not_there_is_not_found(client, officer, name, args):
    assert get(client, name, *args).status_code == 404


def test_a_pack_compared_with_itself_differs_in_nothing(client, officer):
    page = get(client, "compare", "CN-CBA-2026")
    assert page.context["same"] is True
    assert "Nothing differs" in page.text


def files_of(pack_id, *, version, replace=()):
    folder = packs_loader.FOLDER / pack_id
    texts = {
        path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix in (".toml", ".md")
    }
    installed = packs_loader.get(pack_id).version
    texts["pack.toml"] = texts["pack.toml"].replace(f'version = "{installed}"', f'version = "{version}"')
    for name, old, new in replace:
        assert old in texts[name]
        texts[name] = texts[name].replace(old, new)
    kept = ("pack.toml", "contact.toml", "examples.toml", "notices.toml", "README.md")
    return [SimpleUploadedFile(name, texts[name].encode()) for name in kept if name in texts]


def propose(client, at, files, **given):
    data = {
        "pack_files": files,
        "in_force_from": f"{at + timedelta(days=20):%Y-%m-%dT%H:%M}",
        "reason": "as the lawyer asked",
    } | given
    return client.post(reverse("compliance:propose"), data)


def test_a_version_is_proposed_by_one_and_approved_by_another(client, officer, at):
    answer = propose(client, at, files_of("CN-CC-2011", version="2099-01-01"))
    row = ScheduledRelease.objects.get()
    assert answer["Location"] == reverse("compliance:release", args=[row.pk])
    own = get(client, "release", row.pk)
    assert (own.context["is_own"], own.context["may_approve"]) == (True, False)
    assert {one.key for one in own.context["heads"]} == {"version"}
    client.post(reverse("compliance:approve", args=[row.pk]))
    row.refresh_from_db()
    assert row.approved_at is None
    client.force_login(UserFactory(compliance=True))
    assert get(client, "release", row.pk).context["may_approve"] is True
    client.post(reverse("compliance:approve", args=[row.pk]))
    row.refresh_from_db()
    assert row.approved_by_id not in (None, officer.pk)
    client.post(reverse("compliance:withdraw", args=[row.pk]), {"reason": "a misprint"})
    row.refresh_from_db()
    assert row.withdrawn_because == "a misprint"
    assert [one["state"] for one in get(client, "releases").context["releases"]] == ["withdrawn"]


def test_a_version_whose_example_does_not_hold_is_refused_with_its_sentence(client, officer, at):
    broken = [("contact.toml", "opens = 08:00:00, closes = 22:00:00", "opens = 08:00:00, closes = 21:00:00")]
    page = propose(client, at, files_of("CN-CBA-2026", version="2099-01-01", replace=broken))
    assert page.status_code == 200
    assert page.context["refused"]
    assert any("examples.toml" in problem or "CN-TIME-CBA" in problem for problem in page.context["problems"])
    assert not ScheduledRelease.objects.exists()


def test_a_version_that_begins_at_once_is_refused(client, officer, at):
    page = propose(client, at, files_of("CN-CC-2011", version="2099-01-01"), in_force_from=f"{at:%Y-%m-%dT%H:%M}")
    assert "at least ten minutes" in page.text
    assert not ScheduledRelease.objects.exists()


def test_only_officers_schedule(client, officer, at):
    propose(client, at, files_of("CN-CC-2011", version="2099-01-01"))
    row = ScheduledRelease.objects.get()
    for user in (UserFactory(supervisor=True), UserFactory(admin=True)):
        client.force_login(user)
        assert client.get(reverse("compliance:propose")).status_code == 403
        assert client.post(reverse("compliance:approve", args=[row.pk])).status_code == 403
        assert client.post(reverse("compliance:withdraw", args=[row.pk]), {"reason": "x"}).status_code == 403
        assert get(client, "release", row.pk).context["may_withdraw"] is False


def test_the_impact_of_a_version_is_computed_and_nothing_is_stored(client, officer, at):
    from compliance.models import Decision

    propose(client, at, files_of("CN-CC-2011", version="2099-01-01"))
    row = ScheduledRelease.objects.get()
    page = client.get(reverse("contacts:impact", args=[row.pk]), {"days": "14"})
    assert page.context["impact"].days == 14
    assert page.context["impact"].version == "2099-01-01"
    assert not Decision.objects.exists()
