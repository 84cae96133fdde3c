"""How early a case is worked: expected value × urgency, in points that anybody can add up.

`rules` says it in Python, with the reasons; `sql` says the same for a whole book; `priority_data/rules.toml` holds the
factors. A model (`model`, optional, approved by two persons) may move the expected value of a case between half and
twice what the rules say, never more; nobody is treated or left out because of a score.
"""
