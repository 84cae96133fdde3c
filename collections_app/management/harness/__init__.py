"""Trials of the promises about sending: real workers, a carrier over real sockets, deaths, and an oracle of its own."""
