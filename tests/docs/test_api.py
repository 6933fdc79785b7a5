"""What is told of reading the API is what its document says: of each list, how one comes to its next part."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.conftest import DOCS, quoted, rows, sections

PAGE = DOCS / "how-to" / "read-the-api.md"
PARTS = {"after", "before", "offset", "limit", "most", "cursor"}


@pytest.fixture
def paths() -> dict[str, Any]:
    paths: dict[str, Any] = json.loads((DOCS / "reference" / "openapi.json").read_text())["paths"]
    return {path.removeprefix("/api/v1/"): item for path, item in paths.items()}


def asked(item: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a GET's query, with the most that each may be."""
    found = item.get("get", {}).get("parameters", ())
    return {one["name"]: one["schema"].get("maximum") for one in found if one["in"] == "query"}


def told() -> dict[str, str]:
    """What is said of lists that come part by part: how many, and the next part."""
    table = rows(sections(PAGE)["Lists"])
    return {name: f"{row[1]} {row[2]}" for row in table for name in quoted(row[0])}


def paged() -> set[str]:
    text = sections(PAGE)["Lists"].partition("**These come in pages**")[2].partition("\n\n")[0]
    return quoted(text) - {"next", "cursor", "limit"}


def test_lists_that_come_in_pages_are_told(paths):
    assert paged() == {path for path, item in paths.items() if "cursor" in asked(item)}
    assert {asked(paths[path])["limit"] for path in paged()} == {200}


def test_of_every_other_list_that_comes_in_parts_the_way_to_the_next_is_told(paths):
    in_parts = {path: PARTS & asked(item).keys() for path, item in paths.items() if path not in paged()}
    words = {path: quoted(text) & PARTS for path, text in told().items()}
    assert words == {path: names for path, names in in_parts.items() if names}
    most = {path: int(re.findall(r"up to (\d+)", text)[0]) for path, text in told().items()}
    assert most == {path: asked(paths[path]).get("limit") or asked(paths[path])["most"] for path in words}


def test_which_lists_can_be_followed_and_which_changes_name_a_state_is_told(paths):
    followed = next(line for line in PAGE.read_text().split("- **") if line.startswith("To follow"))
    named = quoted(followed.split("keep the")[0])
    assert named == {path for path, item in paths.items() if "updated_since" in asked(item)}
    changes = {f"{method} {path}" for path, method, one in _operations(paths) if "428" in one["responses"]}
    assert changes == {"patch guests/{guest_id}", "patch connections/{connection_id}", "put privacy/controller"}
    repeated = {path.split("/")[0] for path, _, one in _operations(paths) if "Idempotency-Key" in _headers(one)}
    assert repeated == {"connections", "guest-work", "guest-runs"}


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    return ((path, method, one) for path, item in paths.items() for method, one in item.items())


def _headers(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
