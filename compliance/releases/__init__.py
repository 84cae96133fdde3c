"""Versions of packs over time: what was released, what is scheduled, and which packs bind at an instant.

| module | what it is |
|---|---|
| `in_force.py` | the packs of an instant, for the gate |
| `uploads.py` | a version of a pack from uploaded files, read and tried |
| `meaning.py` | what must not change between two versions; the ledger of what was shipped |
| `scheduling.py` | propose, approve, withdraw |
| `browsing.py` | which packs, versions and rules were, are or will be in force on a day |
"""
