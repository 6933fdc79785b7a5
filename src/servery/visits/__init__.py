"""Which checks belong to which party: one party, one venue, one span of time."""
