from servery.testing import contract_suite

TestContract = contract_suite(
    "servery.connectors.resos",
    settings={"api_key": "sandbox-key", "base_url": "{url}/v1", "time_zone": "Europe/Copenhagen"},
    credentials={"requests_per_second": 10_000},
    retry_after="milliseconds",
)
