"""Which changes of an OpenAPI document break a program written for the one before."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def broken(old: Json, new: Json) -> list[str]:
    """What a program may have relied on and no longer finds. What is only added breaks nothing."""
    return [*_operations(old["paths"], new["paths"]), *_schemas(old, new)]


def _operations(old: Json, new: Json) -> Iterator[str]:
    for path, item in old.items():
        for method, operation in item.items():
            found = new.get(path, {}).get(method)
            if found is None:
                yield f"{method} {path} is gone"
                continue
            yield from _parameters(f"{method} {path}", operation, found)
            for status, response in operation["responses"].items():
                if found["responses"].get(status, {}).get("content", {}).keys() < response.get("content", {}).keys():
                    yield f"{method} {path}: the answer {status} is gone or comes in another form"
                elif _reference(found["responses"].get(status)) != _reference(response):
                    yield f"{method} {path}: the answer {status} is another"


def _reference(response: Json | None) -> list[Any]:
    return [one["schema"] for one in (response or {}).get("content", {}).values()]


def _parameters(where: str, old: Json, new: Json) -> Iterator[str]:
    before = {one["name"]: one for one in old.get("parameters", ())}
    now = {one["name"]: one for one in new.get("parameters", ())}
    yield from (f"{where}: the parameter {name} is gone" for name in before.keys() - now.keys())
    for name, parameter in now.items():
        if parameter["required"] and not before.get(name, {}).get("required"):
            yield f"{where}: the parameter {name} is now needed"
        gone = set(_enum(before.get(name))) - set(_enum(parameter))
        if gone and _enum(parameter):
            yield f"{where}: the parameter {name} no longer takes {sorted(map(str, gone))}"


def _enum(parameter: Json | None) -> list[Any]:
    found: list[Any] = (parameter or {}).get("schema", {}).get("enum", [])
    return found


def _schemas(old: Json, new: Json) -> Iterator[str]:
    now = new["components"]["schemas"]
    for name, schema in old["components"]["schemas"].items():
        if name not in now:
            yield f"the schema {name} is gone"
            continue
        found = now[name]
        for field, kind in schema.get("properties", {}).items():
            if field not in found.get("properties", {}):
                yield f"{name}.{field} is gone"
            elif _kind(found["properties"][field]) != _kind(kind):
                yield f"{name}.{field} is of another kind"
        for field in set(schema.get("required", ())) - set(found.get("required", ())):
            yield f"{name}.{field} is no longer always there"


def _kind(schema: Any) -> Any:
    """A schema without what only people read; further values of an enumeration are an addition."""
    if isinstance(schema, list):
        return [_kind(one) for one in schema]
    if isinstance(schema, dict):
        return {name: _kind(value) for name, value in schema.items() if name not in {"description", "examples", "enum"}}
    return schema
