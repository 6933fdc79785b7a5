from servery.connectors.webhook.simulator import MAPPING, SECRET, events
from servery.testing import contract_suite

TestContract = contract_suite(
    "servery.connectors.webhook",
    settings={
        "restaurant": "The Pass",
        "time_zone": "Europe/Copenhagen",
        "currency": "DKK",
        "secret": SECRET,
        "mapping": MAPPING,
        "url": "{url}/hooks",
        "sending_secret": SECRET,
        "inside": "127.0.0.1",
    },
    events=events,
)
