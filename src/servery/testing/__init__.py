"""Public help for those who write connectors: the suite that holds them to the contract, and the stage it plays on.

A connector's tests hold one line: `TestContract = contract_suite("servery.connectors.square", settings={...})`.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from servery.testing.stage import Stage

__all__ = ["contract_suite"]

_SUITE = "servery.testing.suite"


def contract_suite(
    package: str,
    *,
    settings: Mapping[str, str],
    credentials: Mapping[str, Any] | None = None,
    events: "Callable[[Stage], Iterable[tuple[str, bytes]]] | None" = None,
    retry_after: Literal["seconds", "milliseconds"] = "seconds",
    parties: int = 230,
) -> type:
    """The contract's tests for the connector in `package`, as a class for pytest; its name must begin with Test.

    `settings` connect to the connector's own `simulator.simulator(stage, **credentials)`; `{url}` in a value stands
    for its address, and is the `base_url` where none is given. `events` gives the webhooks that the vendor would send
    of what stands on a stage, kind and body of each. `retry_after` is the unit of the vendor's 429 header; with
    `parties` guests, bookings and checks its largest list should fill more than two pages.
    """
    # pytest is needed by tests alone, and what a simulator takes from this package must not ask for it.
    import pytest

    if _SUITE not in sys.modules:
        pytest.register_assert_rewrite(_SUITE)
    from servery.testing.suite import suite_of

    return suite_of(
        package,
        settings=settings,
        credentials=credentials or {},
        events=events,
        retry_after=retry_after,
        parties=parties,
    )
