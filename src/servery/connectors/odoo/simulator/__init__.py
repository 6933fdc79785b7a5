"""Odoo 17, 18 or 19, played from a stage: JSON-RPC and the JSON-2 API over a small database of its own.

Its records have the fields, shapes and quirks of Odoo's: false for nothing, links as id and name, times without a zone
and without fractions, orders named `/` until they are paid, fields that are computed and cannot be searched.
"""

from servery.connectors.odoo.simulator.app import simulator

__all__ = ["simulator"]
