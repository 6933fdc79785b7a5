"""Tags by rule: which there are, what one would do, and changing them."""
