"""The scenarios of other projects, and where ours are known to come out otherwise."""

import json
import lzma
import tomllib
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).parents[2] / "data" / "peers"
VECTORS: Final[dict[str, dict[str, Any]]] = {
    vector["id"]: vector for vector in json.loads(lzma.decompress((DATA / "vectors.json.xz").read_bytes()))["vectors"]
}
_KNOWN: Final = tomllib.loads((DATA / "differences.toml").read_text(encoding="utf-8"))
DIFFERS: Final[dict[str, str]] = _KNOWN["differs"]
NOT_OURS: Final[dict[str, str]] = _KNOWN["not_ours"]
