"""The page of the carrier: what arrived, newest first, and how to order a fault."""

import time
from html import escape
from typing import Any

from .faults import KINDS
from .pbx import SCRIPTS
from .store import Message

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#182433}
h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #dce1e7;padding:.4rem .6rem;text-align:left;vertical-align:top}
td.t{white-space:pre-wrap;overflow-wrap:anywhere}code{background:#f1f5f9;padding:0 .25rem}
.s{color:#626976}nav a{margin-right:1rem}.bad{color:#b02a37;font-weight:600}
"""


def render(messages: list[Message], *, figures: dict[str, Any], faults: list[dict[str, Any]], channel: str) -> str:
    """Return the page as HTML."""
    rows = (
        "".join(_row(each) for each in messages) or '<tr><td colspan="6" class="s">Nothing has arrived yet.</td></tr>'
    )
    counts = ", ".join(f"{number:,} {name}" for name, number in figures["messages"].items()) or "no messages"
    statuses = ", ".join(f"{number:,} {name}" for name, number in figures["status"].items())
    twice = figures["keys_used_twice"]
    double = f'<p class="bad">{twice:,} keys were sent more than once.</p>' if twice else ""
    in_force = ", ".join(escape(str(each)) for each in faults) or "none"
    kinds = "".join(
        f"<tr><td><code>{name}</code></td><td>{suffix or '–'}</td><td>{escape(says)}</td></tr>"
        for name, (suffix, says) in KINDS.items()
    )
    scripts = "".join(
        f"<tr><td><code>{name}</code></td><td>{digit or '–'}</td><td>{escape(says)}</td></tr>"
        for name, (digit, says) in SCRIPTS.items()
    )
    heading = {"sms": "SMS", "email": "E-mail", "voice": "Calls"}.get(channel, "All messages")
    headings = "".join(f"<th>{each}</th>" for each in ("When (UTC)", "By", "To", "Text", "State", "Key"))
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Local carrier</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="10"><style>{STYLE}</style></head>
<body><h1>Local carrier</h1><p>These messages were handed over by the product. Nothing leaves this machine.</p>
<nav><a href="/">All</a><a href="/?channel=sms">SMS</a><a href="/?channel=email">E-mail</a>
<a href="/?channel=voice">Calls</a><a href="/stats">Figures</a><a href="/messages.json">JSON</a></nav>
<p>{counts}<span class="s"> · {statuses}</span></p>{double}
<h2>{heading}</h2><table><thead><tr>{headings}</tr></thead>
<tbody>{rows}</tbody></table>
<h2>Telephone</h2><p>What a number does when it is called, by its last digit; order it for an ending with
<code>curl -d '{{"to": "0001", "script": "busy"}}' …/pbx/scripts</code>.</p>
<table><thead><tr><th>Script</th><th>Number ends in</th><th>What happens</th></tr></thead>
<tbody>{scripts}</tbody></table>
<h2>Faults</h2><p>In force: {in_force}. Order one with
<code>curl -d '{{"kind": "error", "times": 5}}' …/faults</code>, take all away with
<code>curl -X DELETE …/faults</code>;
<code>{{"suffixes": true}}</code> makes numbers with these endings order theirs.</p>
<table><thead><tr><th>Fault</th><th>Number ends in</th><th>What happens</th></tr></thead><tbody>{kinds}</tbody></table>
</body></html>"""


def _row(message: Message) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(message.at))
    text = f"{message.subject}\n{message.text}" if message.subject else message.text
    cells = [when, message.channel, message.to, text[:1000], message.status, message.key]
    return (
        "<tr>"
        + "".join(f"<td{' class=t' if number == 3 else ''}>{escape(cell)}</td>" for number, cell in enumerate(cells))
        + "</tr>"
    )
