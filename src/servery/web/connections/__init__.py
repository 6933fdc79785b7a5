"""Connections: the state of each outside system, and the checks that no rule could place."""
