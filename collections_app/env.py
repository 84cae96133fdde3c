"""Typed readers of the environment.

A value may also be given as NAME_FILE, the path of a file that holds it, as secret stores do. An empty value counts as
unset. What is missing is collected and reported at once, so that a half-configured start names everything it lacks.
"""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}

_missing: list[str] = []


def env_str(name: str, default: str | None = None) -> str | None:
    """Return the text of a variable, or of the file that NAME_FILE names, or the default."""
    value = os.environ.get(name, "")
    path = os.environ.get(f"{name}_FILE", "")
    if not value and path:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
    return value or default


def env_bool(name: str, default: bool = False) -> bool:
    """Return a yes/no variable; anything but 1/0, true/false, yes/no, on/off is refused."""
    value = env_str(name)
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def env_int(name: str, default: int) -> int:
    """Return a whole number; anything else is refused."""
    value = env_str(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error


def env_list(name: str, default: str = "") -> list[str]:
    """Return the comma-separated parts of a variable, without blanks."""
    return [part.strip() for part in (env_str(name, default) or "").split(",") if part.strip()]


def env_secret(name: str, *, generated: str | None = None) -> str:
    """Return a secret; `generated` is what development uses when the variable is unset.

    Without either the name is noted as missing, and `refuse_if_missing` reports it together with the others.
    """
    value = env_str(name, generated)
    if value is None:
        _missing.append(name)
        return ""
    return value


def env_required(name: str, *, development: str | None) -> str:
    """Return a variable that production must set; `development` is the value used elsewhere (None: must be set)."""
    return env_secret(name, generated=development)


def refuse_if_missing() -> None:
    """Raise ImproperlyConfigured naming every variable that was required and is unset."""
    if _missing:
        names = ", ".join(sorted(set(_missing)))
        _missing.clear()
        raise ImproperlyConfigured(f"Not configured: {names}. See .env.example for what each one means.")


def load_dotenv(path: Path) -> None:
    """Set the variables of a `.env` file that the environment does not already set.

    Lines are NAME=value; blank lines and lines starting with # are skipped; a value may stand in quotes.
    """
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, sign, value = text.removeprefix("export ").partition("=")
        if not sign or not name.strip().isidentifier():
            raise ImproperlyConfigured(f"{path.name} line {number} is not NAME=value.")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        os.environ.setdefault(name.strip(), value)


def database_parts(url: str, *, name: str) -> dict[str, str]:
    """Return NAME, USER, PASSWORD, HOST, PORT of a postgresql:// address; `name` is the variable, for the message.

    A folder of a socket is written percent-encoded as the host (postgresql://app:pw@%2Ftmp%2Fx/book) or as
    ?host=/tmp/x. Other query parameters (sslmode, sslrootcert, …) are returned under their own lower-case names.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"{name} must start with postgresql://; only PostgreSQL is supported.")
    query = dict(parse_qsl(parts.query))
    # urlsplit lower-cases .hostname, which would break a socket folder; take the host from the netloc instead.
    hostport = parts.netloc.rpartition("@")[2]
    host, _, port = hostport.rpartition(":") if ":" in hostport and not hostport.endswith("]") else (hostport, "", "")
    found = {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", unquote(host).strip("[]")),
        "PORT": port or query.pop("port", ""),
    }
    if not found["NAME"]:
        raise ImproperlyConfigured(f"{name} names no database.")
    return found | query
