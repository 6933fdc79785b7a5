"""One folder per outside system, each found by its presence alone (see `registry`)."""
