"""One piece of work that several threads share, each with connections of its own to the database."""

from collections.abc import Callable
from threading import Lock, Thread

from django.db import connections


class SideBySide:
    """Several threads at one piece of work. Where one fails the others see it in `error`, and end."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.error: BaseException | None = None

    def work(self, mine: Callable[[], None], beside: Callable[[], None], *, several: int, name: str) -> None:
        """Do `mine` in this thread and `beside` in each of several - 1 others, until all have ended.

        Raises the first error of any of them. The connections of the other threads are closed.
        """
        others = [Thread(target=self._help, args=(beside,), name=f"{name} {n}") for n in range(2, several + 1)]
        for other in others:
            other.start()
        try:
            mine()
        except BaseException as error:  # noqa: BLE001  (raised again when the others have ended)
            self._fail(error)
        for other in others:
            other.join()
        if self.error is not None:
            raise self.error

    def _help(self, beside: Callable[[], None]) -> None:
        try:
            beside()
        except BaseException as error:  # noqa: BLE001  (raised again by the thread that waits)
            self._fail(error)
        finally:
            connections.close_all()

    def _fail(self, error: BaseException) -> None:
        with self.lock:
            self.error = self.error or error
