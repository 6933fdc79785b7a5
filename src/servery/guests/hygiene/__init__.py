"""Keeping guests' data clean: names as people write them, what is to be mended, what grew old, how complete it is."""
