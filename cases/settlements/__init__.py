"""Ending a debt for less: `offer` (the sums, pure), `offering` (draft, sign, offer, accept, withdraw), `counting` (what
payments do to it), `watching` (what time does to it).
"""
