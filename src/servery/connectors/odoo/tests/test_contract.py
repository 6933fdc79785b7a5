"""What every connector is held to; the suite plays an evening of its own."""

import pytest

from servery.connectors.odoo import send
from servery.connectors.odoo.simulator.deliveries import deliveries
from servery.testing import contract_suite
from servery.testing.evening import NOW

SETTINGS = {
    "api_key": "sandbox-key",
    "login": "servery@example.com",
    "database": "restaurant",
    "order_ahead": "900",
    # Which one a version speaks is asked once; here it would be one answer more to spoil in every test.
    "api": "json-2",
}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "now", lambda: NOW)


TestContract = contract_suite("servery.connectors.odoo", settings=SETTINGS, events=deliveries)
