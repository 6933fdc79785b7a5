"""Odoo 17 to 19, a self-hosted point of sale with tables: read by polling its API, and written to."""
