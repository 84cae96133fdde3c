"""Run as a program: decide every vector and print one hash of all outcomes. Two processes must print the same."""

import hashlib
import json
import sys
from pathlib import Path

from compliance import engine, packs_loader, trace, vectors


def main() -> None:
    """Print the hash of every outcome of every vector file."""
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parent / "vectors").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            vector = vectors.parse(json.loads(line))
            if not vectors.missing_packs(vector):
                packs = [packs_loader.get(pack) for pack in vector.packs]
                digest.update(trace.canonical(engine.evaluate(vector.question, vector.facts, packs)).encode())
    sys.stdout.write(digest.hexdigest())


if __name__ == "__main__":
    main()
