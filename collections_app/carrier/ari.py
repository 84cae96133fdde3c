"""The Asterisk REST Interface of the local telephone system: HTTP for verbs, a WebSocket for events.

Spoken as Asterisk 20 speaks it, as far as the product needs: names, statuses and fields are those of its own
documentation (docs.asterisk.org, "Asterisk REST Interface").
"""

import base64
import hmac
import json
import queue
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from .pbx import SCRIPTS

if TYPE_CHECKING:
    from .web import Handler

USER: Final = "collections"
CHANNEL: Final = re.compile(r"/ari/channels/([^/]+)")
VARIABLE: Final = re.compile(r"/ari/channels/([^/]+)/variable")
PLAY: Final = re.compile(r"/ari/channels/([^/]+)/play/([^/]+)")
BRIDGE: Final = re.compile(r"/ari/bridges/([^/]+)")
ADD: Final = re.compile(r"/ari/bridges/([^/]+)/addChannel")
RECORD: Final = re.compile(r"/ari/bridges/([^/]+)/record")
LOOKS_EVERY_S: Final = 0.02


def is_mine(path: str) -> bool:
    """Whether a request is for the telephone system."""
    return path.startswith(("/ari/", "/pbx/"))


def serve(handler: "Handler", body: bytes = b"") -> None:
    """Answer a request."""
    where = urlsplit(handler.path)
    path = unquote(where.path)
    asked = {name: values[0] for name, values in parse_qs(where.query).items()} | _object(body)
    if path.startswith("/pbx/"):
        _orders(handler, path, asked)
        return
    if not _signed_in(handler):
        return
    if path == "/ari/events":
        _events(handler, asked)
        return
    if path == "/ari/channels" and handler.command == "POST":
        _originate(handler, asked)
        return
    if handler._breaks(handler.server.faults.draw("ari", path)):
        return
    status, said = _verb(handler, path, asked)
    if status == 204:
        handler._raw(204, b"", "application/json")
    else:
        handler._answer(status, said)


def _verb(handler: "Handler", path: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    pbx, command = handler.server.pbx, handler.command
    if (found := VARIABLE.fullmatch(path)) and command == "GET":
        channel = pbx.channels.get(found[1])
        if channel is None or asked.get("variable") not in channel.variables:
            return 404, {"message": "Variable not found"}
        return 200, {"value": channel.variables[asked["variable"]]}
    if (found := PLAY.fullmatch(path)) and command == "POST":
        playback = pbx.play(found[1], found[2], str(asked.get("media", "")))
        if playback is not None:
            return 201, playback
        known = found[1] in pbx.channels
        return (
            (409, {"message": "Channel not in Stasis application"})
            if known
            else (404, {"message": "Channel not found"})
        )
    if found := CHANNEL.fullmatch(path):
        if command == "DELETE":
            return (204, {}) if pbx.hang_up(found[1]) else (404, {"message": "Channel not found"})
        channel = pbx.channels.get(found[1])
        return (200, channel.shown()) if channel is not None else (404, {"message": "Channel not found"})
    if (found := ADD.fullmatch(path)) and command == "POST":
        return _add(handler, found[1], str(asked.get("channel", "")).split(","))
    if (found := RECORD.fullmatch(path)) and command == "POST":
        if found[1] not in pbx.bridges:
            return 404, {"message": "Bridge not found"}
        taken = pbx.record(found[1], str(asked.get("name", "")))
        return (
            (201, {"name": asked.get("name"), "state": "queued"}) if taken else (409, {"message": "Recording exists"})
        )
    if found := BRIDGE.fullmatch(path):
        if command == "DELETE":
            return (204, {}) if pbx.bridges.pop(found[1], None) is not None else (404, {"message": "Bridge not found"})
        pbx.bridges.setdefault(found[1], set())
        return 200, {"id": found[1], "bridge_type": "mixing", "channels": sorted(pbx.bridges[found[1]])}
    return 404, {"message": "Resource not found"}


def _add(handler: "Handler", bridge_id: str, names: list[str]) -> tuple[int, dict[str, Any]]:
    pbx = handler.server.pbx
    if bridge_id not in pbx.bridges:
        return 404, {"message": "Bridge not found"}
    if any(name not in pbx.channels for name in names):
        return 400, {"message": "Channel not found"}
    if any(not pbx.channels[name].in_stasis for name in names):
        return 422, {"message": "Channel not in Stasis application"}
    pbx.bridges[bridge_id].update(names)
    return 204, {}


def _originate(handler: "Handler", asked: dict[str, Any]) -> None:
    server = handler.server
    server.store.count("voice.posts")
    endpoint = str(asked.get("endpoint", ""))
    number = endpoint.partition("/")[2].partition("@")[0]
    if not number or not asked.get("app"):
        handler._answer(400, {"message": "Invalid endpoint specified"})
        return
    faults = server.faults.draw("voice", number)
    if handler._breaks(faults):
        return
    if "rate_limited" in faults:
        wait = str(faults["rate_limited"].retry_after_s)
        handler._answer(429, {"message": "Too many calls"}, headers={"Retry-After": wait})
        return
    if "error" in faults or "no_funds" in faults:
        handler._answer(500, {"message": "Allocation failed"})
        return
    if "refused" in faults:
        handler._answer(400, {"message": "Endpoint not found"})
        return
    if "no_idempotency" in faults:  # as for somebody who gives his calls no names
        asked = {**asked, "channelId": ""}
    channel = server.pbx.originate(asked, faults)
    if channel is None:
        handler._answer(409, {"message": "Channel with given unique ID already exists"})
        return
    handler._answer_accepted(channel.shown(), faults=faults, status=200)


def _orders(handler: "Handler", path: str, asked: dict[str, Any]) -> None:
    """Say what numbers do: POST /pbx/scripts {"to": "0007", "script": "busy"}; DELETE takes it all away."""
    pbx = handler.server.pbx
    if path != "/pbx/scripts":
        handler._answer(404, {"error": "not_found"})
        return
    if handler.command == "DELETE":
        pbx.scripts.clear()
    elif handler.command == "POST":
        try:
            pbx.order(str(asked.get("to", "")), str(asked.get("script", "")))
        except ValueError as error:
            handler._answer(400, {"error": "bad_request", "message": str(error)})
            return
    listed = [{"to": to, "script": script} for to, script in pbx.scripts]
    handler._answer(200, {"scripts": listed, "known": {name: says for name, (_, says) in SCRIPTS.items()}})


def _events(handler: "Handler", asked: dict[str, Any]) -> None:
    """Turn the connection into a WebSocket and write every event of the application to it."""
    faults = handler.server.faults.draw("ari", "events")
    if handler._breaks(faults):
        return
    protocol = ServerProtocol()
    lines = [f"GET {handler.path} HTTP/1.1", *(f"{name}: {value}" for name, value in handler.headers.items()), "", ""]
    protocol.receive_data("\r\n".join(lines).encode("latin-1"))
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    connection, app = handler.connection, str(asked.get("app", ""))
    handler.close_connection = True
    mine = handler.server.pbx.listen(app)
    connection.settimeout(LOOKS_EVERY_S)
    try:
        _write(connection, protocol)
        while True:
            if not _read(connection, protocol) or not _tell(mine, protocol):
                break
            _write(connection, protocol)
    except OSError:
        pass
    finally:
        handler.server.pbx.leave(app, mine)


def _tell(mine: "queue.Queue[dict[str, Any] | None]", protocol: ServerProtocol) -> bool:
    while not mine.empty():
        event = mine.get()
        if event is None:
            return False
        protocol.send_text(json.dumps(event).encode())
    return True


def _read(connection: Any, protocol: ServerProtocol) -> bool:
    """Read what came (pings, closing), for a moment; False when the other side has gone."""
    try:
        data = connection.recv(65536)
    except TimeoutError:
        return True
    if not data:
        return False
    protocol.receive_data(data)
    return all(getattr(event, "opcode", None) != Opcode.CLOSE for event in protocol.events_received())


def _write(connection: Any, protocol: ServerProtocol) -> None:
    for data in protocol.data_to_send():
        if data:
            connection.sendall(data)


def _signed_in(handler: "Handler") -> bool:
    expected = base64.b64encode(f"{USER}:{handler.server.token}".encode()).decode()
    if hmac.compare_digest(handler.headers.get("Authorization", "").encode(), f"Basic {expected}".encode()):
        return True
    handler.server.store.count("refused.token")
    handler._answer(401, {"message": "Authentication required"})
    return False


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if body else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
