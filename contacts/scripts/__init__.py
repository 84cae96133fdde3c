"""Call scripts: what to say in a call, in which case, what must be said, and what was.

| part | what it does |
|---|---|
| `notation.py` | the words of a script as they are written and read: lines and branches |
| `conditions.py` | which cases a script is for, and which of several is the most specific |
| `shipped.py` | the scripts and disclosures that come with the program (`contacts/script_data`) |
| `binding.py` | which disclosures the rules demand in a call |
| `choosing.py` | the script of a call with the values of its case |
| `checking.py` | what is wrong with a script that somebody writes |
| `editing.py` | versions: written by one person, approved by another |
| `saying.py` | ticks of disclosures, what is missing, the record of a call, shares |
"""
