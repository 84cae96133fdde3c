"""What somebody may do follows from the role; rows of permissions are for those who open the Django admin."""

import pytest
from django.contrib.auth.models import Permission

from collections_app.staff.models import User


@pytest.mark.parametrize(("is_staff", "asked"), [(False, 0), (True, 2)])
def test_rows_are_read_only_for_those_who_open_the_admin(collector, is_staff, asked, django_assert_num_queries):
    collector.user_permissions.add(Permission.objects.get(codename="add_product"))
    user = User.objects.get(pk=collector.pk)
    user.is_staff = is_staff
    with django_assert_num_queries(asked):
        said = [user.has_perm(name) for name in ("cases.work_queue", "cases.view_all", "cases.add_product")]
    assert said == [True, False, is_staff]
