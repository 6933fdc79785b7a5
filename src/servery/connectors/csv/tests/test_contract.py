from servery.testing import contract_suite

TestContract = contract_suite("servery.connectors.csv", settings={})
