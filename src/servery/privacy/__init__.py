"""Privacy: what a guest may ask of whoever keeps their data, and what is not kept for ever."""
