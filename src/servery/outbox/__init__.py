"""Things leaving: what outside systems are to hold, and its delivery until they do.

A transaction that changes something marks what must leave (`mark`). Senders claim it (`rows`), within the limits of the
other side (`limits`) and with patience (`breaker`, `retry`), and keep at it until it is there (`deliver`).
"""

from servery.outbox.echoes import echoes, parties
from servery.outbox.hold import hold_all
from servery.outbox.mark import mark
from servery.outbox.status import status

__all__ = ["echoes", "hold_all", "mark", "parties", "status"]
