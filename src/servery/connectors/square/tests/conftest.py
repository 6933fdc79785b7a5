import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from servery.connectors.square.simulator import simulator
from servery.connectors.square.tests import plays
from servery.testing.served import served
from servery.testing.stage import Stage

SPEC = Path(__file__).parents[6] / "shared/specs/square/api.json"


@pytest.fixture(scope="module")
def full() -> Stage:
    return plays.full_stage()


@pytest.fixture(scope="module")
def base_url(full: Stage) -> Iterator[str]:
    with served(simulator(full)) as url:
        yield url


@cache
def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = _strict(json.loads(SPEC.read_text())["components"]["schemas"])
    return schemas


def _strict(part: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema, with fields that Square does not name forbidden."""
    if isinstance(part, list):
        return [_strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    made = {name: _strict(value) for name, value in part.items() if name not in {"nullable", "example"}}
    if "$ref" in made:
        made = {"$ref": made["$ref"].replace("#/components/schemas/", "#/$defs/")}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return {"anyOf": [made, {"type": "null"}]} if part.get("nullable") is True else made


@pytest.fixture(scope="session")
def as_square() -> Callable[[str, Any], None]:
    """Fails unless an answer is what Square's own description says it is."""
    if not SPEC.exists():
        pytest.skip(f"Square's API description is not at {SPEC}")
    import jsonschema

    def check(schema: str, answer: Any) -> None:
        validator = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": _schemas()})
        found = [f"{each.json_path}: {each.message[:300]}" for each in validator.iter_errors(answer)]
        assert not found, "\n".join(found)

    return check
