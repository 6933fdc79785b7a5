"""Guest data: what a person should mend, how complete profiles are, and what grew old."""
