"""What a rehearsal of a version rests on. The rehearsal itself is in `contacts.rehearsal`."""
