"""The day of one collector: targets, sets of his own work, feedback, abusive calls. Nobody else's numbers are in it."""
