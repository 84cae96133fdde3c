"""`python -m collections_app.embedded stop|remove`: for `make clean`, which must work when Django does not."""

import os
import sys
from pathlib import Path

from collections_app import embedded


def main() -> int:
    """Stop the embedded servers, or stop them and remove their folders."""
    var = Path(os.environ.get("VAR_DIR") or Path(__file__).resolve().parent.parent.parent / "var")
    verb = sys.argv[1] if len(sys.argv) == 2 else ""
    try:
        if verb == "remove":
            for folder in embedded.remove(var):
                embedded.say(f"Removed {folder}")
            return 0
        if verb == "stop":
            stopped = [embedded.stop(var, purpose) for purpose in (embedded.BOOK, embedded.TESTS)]
            return 0 if all(stopped) else 1
    except embedded.EmbeddedServerFault as fault:
        embedded.say(str(fault))
        return 1
    embedded.say("Say stop or remove.")
    return 2


if __name__ == "__main__":
    sys.exit(main())
