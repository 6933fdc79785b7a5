"""The OpenAPI document, and its committed copy that says when a change breaks what others have built on."""

import copy
import json
import os
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from servery.model.viewer import RIGHTS, Right
from tests.api.compatible import broken

COPY = Path(__file__).parents[2] / "docs/reference/openapi.json"


@pytest.fixture
def document(address) -> dict[str, Any]:
    """As it is served, without the version of the package."""
    found: dict[str, Any] = httpx.get(f"{address}/api/v1/openapi.json").json()
    del found["info"]["version"]
    return found


def test_nothing_is_broken_since_the_committed_copy(document):
    """Run with SERVERY_RENEW_OPENAPI=1 to renew the copy after an addition; after a breach it is not renewed."""
    committed = json.loads(COPY.read_text()) if COPY.exists() else document
    assert broken(committed, document) == []
    if os.environ.get("SERVERY_RENEW_OPENAPI"):
        COPY.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    assert json.loads(COPY.read_text()) == document, "something was added: renew the copy and commit it"


@pytest.mark.parametrize(
    ("breach", "told"),
    [
        (lambda new: new["paths"].pop("/api/v1/checks"), "get /api/v1/checks is gone"),
        (lambda new: new["components"]["schemas"]["Check"]["properties"].pop("total"), "Check.total is gone"),
        (lambda new: new["components"]["schemas"]["Check"]["required"].remove("id"), "Check.id is no longer"),
        (lambda new: new["components"]["schemas"]["Check"]["properties"].update(id={"type": "string"}), "another kind"),
        (lambda new: new["paths"]["/api/v1/checks"]["get"]["parameters"].pop(0), "is gone"),
        (lambda new: new["paths"]["/api/v1/checks"]["get"]["parameters"][0].update(required=True), "is now needed"),
        (lambda new: new["paths"]["/api/v1/checks"]["get"]["responses"].pop("200"), "the answer 200"),
    ],
)
def test_a_breach_is_noticed(document, breach, told):
    new = copy.deepcopy(document)
    breach(new)
    assert any(told in one for one in broken(document, new)), broken(document, new)


def test_an_addition_is_no_breach(document):
    new = copy.deepcopy(document)
    new["paths"]["/api/v1/orders"] = new["paths"]["/api/v1/checks"]
    new["components"]["schemas"]["Check"]["properties"]["tip_pool"] = {"type": "string"}
    new["components"]["schemas"]["Check"]["properties"]["id"]["description"] = "another word"
    assert broken(document, new) == []


def test_every_route_is_described_and_behind_a_key(document):
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, item in document["paths"].items():
        for method in item.keys() & {"get", "post", "put"}:
            assert item[method]["description"], path
            assert {"200", "400", "401", "403", "429"} <= item[method]["responses"].keys(), path


NEEDED: dict[str, Right] = {
    "/events": "see_events",
    "/privacy/": "handle_privacy",
    "/hygiene/ageing": "make_rules",
    "/hygiene/": "mend_guests",
    "/tag-rules": "make_rules",
    "}/export": "handle_privacy",
    "}/consent": "handle_privacy",
}


@pytest.mark.parametrize("role", ["owner", "host"])
def test_answers_are_as_the_document_says(document, ask, role):
    for path, item in document["paths"].items():
        needed = next((right for part, right in NEEDED.items() if part in path), "see_guests")
        if "get" not in item or needed not in RIGHTS[role]:
            continue
        answer = ask(path.removeprefix("/api/v1").replace("{", "1{").split("{")[0] + _tail(path), role)
        assert answer.status_code == 200, (path, answer.text)
        schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**schema, "components": document["components"]})


def _tail(path: str) -> str:
    return path.partition("}")[2]
