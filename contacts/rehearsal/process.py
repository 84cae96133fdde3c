"""A process that rehearses one part of the book: reads a task, says how far it is, and then what it counted.

Standard input: one JSON line, a task. Standard output: JSON lines, {"done": part} and at last the counts. Standard
error: what it logs, and why it failed.
"""

import json
import sys

from django.db import connection

from contacts.rehearsal import connecting, parts, running, sending


def main() -> None:
    """Rehearse the part that is asked for."""
    task = parts.from_json(json.loads(sys.stdin.readline()))

    def tell(done: int, total: int, _what: str) -> None:
        sys.stdout.write(json.dumps({"done": done / (total or 1)}) + "\n")
        sys.stdout.flush()

    connecting.connect(connection)
    ran = running.run(task, send_day=sending.send_day, tell=tell)
    sys.stdout.write(json.dumps(parts.told_by(ran), default=str) + "\n")
