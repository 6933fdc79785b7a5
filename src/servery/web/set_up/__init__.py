"""Setting up a connection, from the choice of a system to the proof that it works."""
