"""Alerts: who is told when something breaks."""
