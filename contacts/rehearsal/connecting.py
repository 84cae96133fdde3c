"""The first connection of a process that rehearses: a server that has no place at this moment is asked again."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger(__name__)
WAITS_S: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


def connect(
    connection: BaseDatabaseWrapper, *, waits: Sequence[float] = WAITS_S, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Open a connection, after one try for each of these waits, in seconds, at most; the last try raises as it fails.

    Only for a process that has done nothing yet: what is lost later with its transaction is not found again so.
    """
    for wait in waits:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            log.warning("the database cannot be reached; it is tried again", extra={"in_s": wait, "error": str(error)})
            sleep(wait)
        else:
            return
    connection.ensure_connection()
