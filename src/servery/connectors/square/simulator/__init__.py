"""Square, played from a stage: its answers have Square's shape, limits and errors, and nothing Square does not send.

What Square's public API lacks is left out however much the stage knows: covers, tables, servers, reservations,
voided lines, and tips declared in cash. Offline sales show the time they were rung up and the later one they arrived.
"""

from servery.connectors.square.simulator.app import simulator
from servery.connectors.square.simulator.events import deliver, events, merge, signed

__all__ = ["deliver", "events", "merge", "signed", "simulator"]
