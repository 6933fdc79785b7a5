"""How the house is: the state of each connection, what waits for a person, and who is told."""
