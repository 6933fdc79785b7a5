"""Keeping two sides equal: what is read when, and how a record's states become one row."""
