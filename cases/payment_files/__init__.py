"""Files about money: payments that arrived, and what the bank says."""
