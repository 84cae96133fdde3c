"""Plans: what somebody can afford, the schedule that follows, the agreement, and what becomes of it.

`schedule` and `affordability` are pure; `terms` says what law and firm set; `taking` keeps what somebody can afford;
`drafting` makes a plan, `approving` is what a second person sees, `agreeing` has it signed and ended, `crediting`
counts payments, `listing` reads. The night judges set-based: `cases.closing.judge_plans`.
"""
