"""Waiting for a page says what did not come true, and takes nothing else for waiting."""

from typing import Any

import pytest
from playwright.sync_api import Error

from tests.browsers import PATIENCE_MS, TURN_MS, arrived, until


class Page:
    """A page that gives these answers in turn, the last one for ever; an error among them is raised."""

    url = "http://desk/queue/"

    def __init__(self, *answers: Any) -> None:
        self.answers, self.waited = list(answers), 0

    def evaluate(self, _condition: str) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Error):
            raise answer
        return answer

    def wait_for_timeout(self, milliseconds: int) -> None:
        self.waited += milliseconds


def test_what_comes_true_is_waited_for_and_no_longer():
    page = Page(0, None, 1)
    until(page, "window.ready")
    assert page.waited == 2 * TURN_MS


def test_what_never_comes_true_fails_by_name_when_patience_is_over():
    page = Page(0)
    with pytest.raises(AssertionError, match=r"still not true on http://desk/queue/: \('a', 'b'\)"):
        until(page, "a", "b")
    assert page.waited == PATIENCE_MS
    with pytest.raises(AssertionError):
        until(Page(1, 0), "a", "b")  # one of the two is not enough


def test_another_page_that_is_coming_is_waited_for_and_any_other_error_is_not():
    page = Page(Error("Execution context was destroyed, most likely because of a navigation"), 1)
    until(page, "a")
    assert page.waited == TURN_MS
    with pytest.raises(Error, match="is not defined"):
        until(Page(Error("ReferenceError: a is not defined"), 1), "a")


def test_a_request_that_a_test_keeps_is_waited_for_and_one_that_never_comes_fails():
    requests: list[str] = []

    class Slow(Page):
        def wait_for_timeout(self, milliseconds: int) -> None:
            super().wait_for_timeout(milliseconds)
            if self.waited == 3 * TURN_MS:
                requests.append("said")

    page = Slow(1)
    arrived(page, requests)
    assert page.waited == 3 * TURN_MS
    with pytest.raises(AssertionError, match="only 1 of 2 requests came from http://desk/queue/"):
        arrived(page, requests, 2)
