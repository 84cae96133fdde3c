"""What an area code says about where somebody is, and what it does not."""

import pytest

from cases.imports import canonical
from cases.models import ContactPoint


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+12125550199", "America/New_York"),
        ("+14155550100", "America/Los_Angeles"),
        ("+14165550100", "America/Toronto"),
        ("+61298765432", "Australia/Sydney"),
        ("+862155551234", "Asia/Shanghai"),
        ("+12085551234", ""),  # an area on both sides of a zone's border
        ("+18005551234", ""),  # toll-free
        ("+61412345678", ""),  # a mobile goes where its owner goes
        ("+6281234567890", ""),
        ("+8613812345678", ""),
    ],
)
def test_an_area_code_of_one_zone_names_it(number: str, zone: str) -> None:
    assert canonical.phone(number, "").zone == zone


def test_the_area_code_is_evidence_beside_the_address(write, load) -> None:
    load(
        write(
            "account_number,borrower_ref,name,mobile,home_phone,time_zone,balance,days_past_due,currency",
            "A1,B1,Ann Example,+12125550199,+14155550100,America/Chicago,100.00,5,USD",
            "A2,B2,Ben Example,+61412345678,,Australia/Perth,100.00,5,USD",
        )
    )
    zones = ContactPoint.objects.order_by("person__name", "position").values_list("kind", "time_zone")
    assert list(zones) == [
        ("mobile", "America/New_York"),
        ("home_phone", "America/Los_Angeles"),
        ("mobile", "Australia/Perth"),
    ]
