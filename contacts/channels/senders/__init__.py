"""The adapters that hand something over to a carrier. Only `contacts.dispatch` and `contacts.calls` may import them."""
