"""What the parts of the suite share."""

from typing import ClassVar

import pytest

from servery.connectors.contract import Manifest
from servery.testing.rehearsal import Rehearsal


class Part:
    """A part of the suite; `rehearsal` is the connector it is about."""

    rehearsal: ClassVar[Rehearsal]

    @property
    def manifest(self) -> Manifest:
        """The connector's manifest."""
        return self.rehearsal.connector.manifest

    def needs_resources(self) -> None:
        """Skip where nothing is read: all comes by webhooks."""
        if not self.manifest.resources:
            pytest.skip("does not apply: it reads nothing by itself")
