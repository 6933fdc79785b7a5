"""The contract suite: what every connector is held to, against its own simulator with faults on."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

from servery.connectors.contract import Asgi, Connector, bound, connector_in, manifest_in
from servery.testing.rehearsal import Events, Rehearsal
from servery.testing.stage import Stage
from servery.testing.suite.checking import Checking
from servery.testing.suite.filing import Filing
from servery.testing.suite.hearing import Hearing
from servery.testing.suite.papers import Papers
from servery.testing.suite.reading import Reading
from servery.testing.suite.sending import Sending
from servery.testing.suite.translating import Translating

__all__ = ["Suite", "suite_of"]


class OfFiles(Papers, Filing):
    """What holds of a connector whose files are taken in whole: nobody answers, and only the file can be spoilt."""


class Suite(Papers, Checking, Reading, Translating, Hearing, Sending):
    """All of it; a connector's tests hold one subclass, made by `servery.testing.contract_suite`."""


def suite_of(
    package: str,
    *,
    settings: Mapping[str, str],
    credentials: Mapping[str, Any],
    events: Events | None,
    retry_after: str,
    parties: int,
) -> type[Papers]:
    """The suite for one connector; the parameters are those of `servery.testing.contract_suite`."""
    declared = manifest_in(package)
    of_files = declared.kind == "file"
    by_hand = of_files and not declared.settings
    connector = Connector(declared, _unasked, _unasked, _untranslated) if by_hand else connector_in(package)
    simulator = None if of_files else import_module(f"{package}.simulator").simulator
    address = {"base_url": "{url}"} if any(one.name == "base_url" for one in connector.manifest.settings) else {}
    rehearsal = Rehearsal(
        package=package,
        connector=bound(connector, settings),
        simulator=partial(simulator or _nobody, **credentials),
        settings={**address, **settings},
        events=events,
        retry_after=retry_after,
        parties=parties,
    )
    return type("TestContract", (OfFiles if of_files else Suite,), {"rehearsal": rehearsal})


async def _unasked(*_: Any) -> Any:
    raise AssertionError("files that people bring are not asked for")


def _untranslated(*_: Any) -> Any:
    raise AssertionError("files that people bring are read row by row, not record by record")


def _nobody(stage: Stage) -> Asgi:
    raise AssertionError("there is no simulator of files")
