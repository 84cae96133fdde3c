"""Whom to contact, how and when: definitions (data), conditions, enrolment and planning, all set-based."""
