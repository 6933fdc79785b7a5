from servery.connectors.square.simulator import events
from servery.testing import contract_suite

TestContract = contract_suite("servery.connectors.square", settings={"access_token": "sandbox-token"}, events=events)
