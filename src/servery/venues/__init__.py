"""The venues of the organisation: making them, finding them, and the facts kept of each."""
