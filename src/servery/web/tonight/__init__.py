"""Tonight: who is expected, who is here, and what a host says to each."""
