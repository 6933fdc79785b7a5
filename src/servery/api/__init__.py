"""The REST API under /api/v1: one file per resource, each with the one list of what which right may see of it."""
