"""What a page says when something under the program gave way: no room on a disk, or a database that is not there.

The request did nothing: what it had begun was rolled back. 503 tells whoever asked to come again.
"""

import errno
import sys
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.defaults import server_error as defect

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
BUSY: Final = "55P03"  # lock_not_available: so many at once that nobody waits for longer
# disk_full, out_of_memory, too_many_connections, configuration_limit_exceeded (a temporary file), crash_shutdown,
# cannot_connect_now, admin_shutdown
GAVE_WAY: Final = frozenset({"53100", "53200", "53300", "53400", "57P02", "57P03", "57P01", BUSY})
AGAIN_S: Final = 60


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 where the machine gave way, else 500. Called while the exception is being handled."""
    error = sys.exc_info()[1]
    if not gave_way(error):
        return defect(request)
    busy = getattr(getattr(error, "__cause__", None), "pgcode", None) == BUSY
    text = loader.get_template("errors/503.html").render({"busy": busy}, request=None)
    return HttpResponse(text, status=503, headers={"Retry-After": str(AGAIN_S)})


def gave_way(error: BaseException | None) -> bool:
    """Whether the machine under the program gave way, and nothing is wrong with the program."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return True
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "pgcode", None)
    return code in GAVE_WAY or code is None  # without a code no server answered
