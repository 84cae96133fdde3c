"""A strategy version tried on the whole live book, on a simulated clock, before anybody is contacted by it."""
