"""Answers that are remembered for the length of a block, and no longer."""

from collections_app.shared import once as module
from collections_app.shared.once import asked_once, forget, is_remembering, once


class Asked:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        return self.times


def test_inside_a_block_a_question_is_asked_once():
    ask = Asked()
    with asked_once():
        assert [once("key", ask), once("key", ask)] == [1, 1]
        assert is_remembering()
    assert not is_remembering()


def test_outside_a_block_it_is_asked_every_time():
    ask = Asked()
    assert [once("key", ask), once("key", ask)] == [1, 2]


def test_the_next_block_asks_again():
    ask = Asked()
    for _ in range(2):
        with asked_once():
            once("key", ask)
    assert ask.times == 2


def test_a_block_inside_a_block_is_part_of_it():
    ask = Asked()
    with asked_once():
        once("key", ask)
        with asked_once():
            once("key", ask)
        once("key", ask)
    assert ask.times == 1


def test_what_was_changed_inside_is_asked_again():
    ask, other = Asked(), Asked()
    with asked_once():
        assert (once("key", ask), once("other", other)) == (1, 1)
        forget("key")
        assert (once("key", ask), once("other", other)) == (2, 1)
    forget("key")  # outside nothing is known


def test_an_error_is_no_answer_and_ends_the_block_as_any_end_does():
    def fails() -> int:
        raise ValueError

    ask = Asked()
    try:
        with asked_once():
            once("key", fails)
    except ValueError:
        pass
    assert not is_remembering()
    assert once("key", ask) == 1


def test_more_answers_than_it_keeps_are_asked_again(monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    ask = Asked()
    with asked_once():
        assert [once(key, ask) for key in ("a", "b", "c", "a")] == [1, 2, 3, 4]
