"""分案: which team and which collector works which case, shared out by rules, previewed, applied and undone.

On the screen this is "allocation of cases". The package is called distribution because `cases.allocation` is another
thing that the trade calls by the same word: which entries of an account a payment meets. `cases.assignment` gives one
case to one collector by hand; `cases.worklist` hands out the next case of those that somebody may work.
"""

from cases.distribution.handing import SKILLS, TIERS, HandedOver, HandOverRefused, hand_over_many

__all__ = ["SKILLS", "TIERS", "HandOverRefused", "HandedOver", "hand_over_many"]
