"""Runs over all guests: what one would change, doing it, taking it back, and the weights it goes by."""
