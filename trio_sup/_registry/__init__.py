"""Names for users: registry, addresses, topics, locks."""
