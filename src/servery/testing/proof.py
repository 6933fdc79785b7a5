"""Runs the contract suite of one connector and tells which of its tests failed."""

import sys
from contextlib import redirect_stdout
from importlib.resources import files
from pathlib import Path

import pytest

from servery.errors import NotFound

SUITE = "tests/test_contract.py"


class _Noted:
    """A pytest plug-in that keeps the names of the tests that failed."""

    def __init__(self) -> None:
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One test has run."""
        if report.failed:
            self.failed.add(report.nodeid.rpartition("::")[2].partition("[")[0])


def failed_tests(package: str) -> frozenset[str]:
    """The names of the suite's tests that a connector fails; NotFound where its tests hold no suite."""
    path = Path(str(files(package).joinpath(SUITE)))
    if not path.is_file():
        raise NotFound("{package} has no {suite}.", package=package, suite=SUITE)
    noted = _Noted()
    # The verdict alone is this program's answer; how the tests went is told beside it.
    with redirect_stdout(sys.stderr):
        ended = pytest.main(["-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-r", "f", str(path)], [noted])
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise NotFound("The suite in {path} could not be run.", path=path)
    return frozenset(noted.failed)
