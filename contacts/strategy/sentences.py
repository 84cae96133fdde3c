"""A strategy in plain sentences, for people who do not read conditions."""

from contacts.strategy.sentences_of_conditions import FACT_NAMES, of_condition
from contacts.strategy.sentences_of_steps import name_of, of_rules, of_step

__all__ = ["FACT_NAMES", "name_of", "of_condition", "of_rules", "of_step"]
