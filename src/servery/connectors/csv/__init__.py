"""Files of orders, reservations, guests and menus as restaurants' systems export them.

`plan` looks a file over and decides how to read it, `changes` reads it so.
"""

from servery.connectors.csv.mapping import DateOrder, FileKind, Map, Options, Plan, dump_map, read_map
from servery.connectors.csv.outcome import Accepted, Item, Notice, Rejected
from servery.connectors.csv.places import PriceOf, VenueOf
from servery.connectors.csv.planning import plan
from servery.connectors.csv.translate import Progress, changes

__all__ = [
    "Accepted",
    "DateOrder",
    "FileKind",
    "Item",
    "Map",
    "Notice",
    "Options",
    "Plan",
    "PriceOf",
    "Progress",
    "Rejected",
    "VenueOf",
    "changes",
    "dump_map",
    "plan",
    "read_map",
]
