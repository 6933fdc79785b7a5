"""The demo restaurant: one truth, played to the simulators of two systems that each see only their half of it."""
