"""One test leaves nothing to the next."""

import pytest
from django.utils import translation


@pytest.mark.parametrize("turn", [1, 2])
def test_the_language_of_one_test_is_not_that_of_the_next(turn):
    assert translation.get_language() == "en"
    translation.activate("zh-hans")
