"""The database engine of the embedded server: Django's own, which starts the server at the first connection."""
