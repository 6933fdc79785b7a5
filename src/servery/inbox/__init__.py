"""Things arriving: received, stored as they came, claimed, and kept aside where they cannot be understood."""
