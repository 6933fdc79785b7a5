"""Guests: the list, the search, and one guest as all systems together know them."""
