"""No connector claims more than its contract suite proves, and each has one."""

from importlib.resources import files

import pytest

from servery.connectors import registry
from servery.connectors.contract import Capability, Manifest, Outgoing, Resource
from servery.testing import quality
from servery.testing.proof import SUITE


@pytest.mark.parametrize("name", sorted(registry.packages()))
def test_no_connector_claims_more_than_is_proven(name: str):
    manifest = registry.manifest(name)
    verdict = quality.verdict(manifest)
    assert quality.rank(manifest.quality) <= quality.rank(verdict.proven), verdict.lacking


@pytest.mark.parametrize("name", sorted(registry.packages()))
def test_each_connector_is_held_to_the_contract(name: str):
    suite = files(registry.packages()[name]).joinpath(SUITE)
    assert suite.is_file(), f"{name} has no {SUITE}"
    assert "contract_suite(" in suite.read_text()


def test_only_files_that_people_bring_are_connected_by_nobody():
    assert {*registry.packages()} - {*registry.connectable()} == {"csv"}


BARE = Manifest(name="x", title="X", kind="pos", quality="bronze", evidence="official")
POLLED = Manifest(
    name="x", title="X", kind="pos", quality="bronze", evidence="official",
    resources=(Resource(name="checks", poll_seconds=60),),
)  # fmt: skip


def written(evidence: str, note: str = "By hand.") -> Manifest:
    return Manifest(
        name="x", title="X", kind="pos", quality="bronze", evidence=evidence,  # type: ignore[arg-type]
        resources=POLLED.resources,
        outgoing=(Outgoing(kind="guest", safe="key"),),
        capabilities=(Capability("erasure", "none", note),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("manifest", "proven"),
    [
        (BARE, "bronze"),
        (POLLED, "silver"),
        (written("inferred"), "silver"),
        (written("documentation"), "gold"),
        (written("official"), "platinum"),
        (written("official", note=""), "silver"),
    ],
    ids=["bare", "polled", "inferred", "documentation", "official", "no word of erasure"],
)
def test_a_level_is_proven_by_what_is_there_and_allowed_by_the_evidence(manifest: Manifest, proven: str):
    assert quality.verdict(manifest).proven == proven


def test_a_test_that_fails_lowers_the_level():
    failed = frozenset({"test_the_wait_that_is_asked_for_is_kept"})
    assert quality.verdict(written("official"), failed).proven == "bronze"
    assert quality.verdict(written("official"), frozenset({"test_a_spoilt_answer_loses_nothing"})).proven is None
