"""The verb `translate`: pure, and total: whatever a vendor sends is understood or kept aside, soon."""

import copy
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from servery.errors import Quarantine
from servery.model.changes import Change
from servery.testing.evening import Evening, check_id, guest_id, reservation_id
from servery.testing.rehearsal import Opened, whole_span
from servery.testing.suite.base import Part

SLOW = 1.0
"""Seconds that no record may take."""
_MANGLED = 400
"""Spoilt records of each resource."""
_DEEP = 10_000


class Translating(Part):
    """Records to changes."""

    def test_translate_is_pure(self) -> None:
        """The same record says the same, at any time and in any order; every change can be written as JSON."""
        told = {resource: self._say(resource, records) for resource, records in self._records().items()}
        for resource, records in self._records().items():
            assert self._say(resource, list(reversed(records)))[::-1] == told[resource]
        for said in told.values():
            for changes in said:
                assert msgspec.json.decode(msgspec.json.encode(list(changes)), type=list[Change]) == list(changes)

    def test_whatever_comes_is_understood_or_kept_aside(self) -> None:
        """Spoilt records raise Quarantine and nothing else, within a second, and the words quote nobody."""
        chance = random.Random(self.manifest.name)
        for resource, records in self._records().items():
            for mangled in [*_hostile(), *_mangled([bytes(each) for each in records], chance)]:
                self._survives(resource, mangled)

    def _survives(self, resource: str, record: bytes) -> None:
        began = time.perf_counter()
        try:
            self.rehearsal.connector.translate(resource, Raw(record))
        except Quarantine as error:
            words = error.told()
            assert "@example.org" not in words, f"what is told quotes the record: {words[:200]}"
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} instead of Quarantine for: {record[:300]!r}") from error
        took = time.perf_counter() - began
        assert took < SLOW, f"{took:.1f} s for one record: {record[:200]!r}"

    def test_what_is_personal_is_declared(self) -> None:
        """Names and contacts stand only under the fields of `personal_fields`: by those they are kept out of logs."""
        personal = Evening(3).personal()
        declared = {*self.manifest.personal_fields}
        for record in self._plain():
            for path, value in _leaves(record):
                if isinstance(value, str) and any(text in value for text in personal):
                    assert declared & set(path), f"{'.'.join(path)} holds a name or a contact, and is not declared"

    def test_ids_are_declared(self) -> None:
        """Records' ids stand only under the fields of `id_fields`: elsewhere one might be taken for a card's number."""
        ids = {make(number) for number in range(3) for make in (guest_id, reservation_id, check_id)}
        declared = {*self.manifest.id_fields}
        for record in self._plain():
            for path, value in _leaves(record):
                assert value not in ids or declared & set(path), f"{'.'.join(path)} holds an id, and is not declared"

    def _records(self) -> dict[str, list[Raw]]:
        """Records of each resource: as they are read, or as webhooks bring them where nothing is."""
        if not self.manifest.resources:
            return self._brought()

        async def work(opened: Opened) -> dict[str, list[Raw]]:
            return {each.name: await opened.records(each, whole_span(each)) for each in opened.manifest.resources}

        with self.rehearsal.playing(Evening(3).stage) as play:
            return play.run(work)

    def _brought(self) -> dict[str, list[Raw]]:
        hear, events = self.rehearsal.connector.hear, self.rehearsal.events
        assert hear and events, "it reads nothing and hears nothing"
        found: dict[str, list[Raw]] = {}
        for kind, body in events(Evening(3).stage):
            for resource, record in hear(kind, Raw(body)).records:
                found.setdefault(resource, []).append(record)
        return found

    def _plain(self) -> Iterator[Any]:
        return (json.loads(bytes(record)) for records in self._records().values() for record in records)

    def _say(self, resource: str, records: Sequence[Raw]) -> list[Sequence[Change]]:
        return [self.rehearsal.connector.translate(resource, record) for record in records]


def _hostile() -> list[bytes]:
    """Bodies that are no record of anybody."""
    return [
        b"", b"null", b"[]", b"{}", b"0", b'"text"', b"\xff\xfe", b"{", b"[" * _DEEP, b'{"a":' * _DEEP,
        b"[" * _DEEP + b"]" * _DEEP, b'{"id": NaN}', b'{"id": 1e999}', b'{"id": ' + b"9" * 5000 + b"}",
        b'{"id": "\\ud800"}', b'{"id": "a", "id": 5}', b'{"id": "' + b"x" * 2_000_000 + b'"}',
    ]  # fmt: skip


def _mangled(records: Sequence[bytes], chance: random.Random) -> Iterator[bytes]:
    if not records:
        return
    for _ in range(_MANGLED):
        record = chance.choice(records)
        if len(record) > 100_000 or chance.random() < 0.1:
            yield record[: chance.randrange(len(record))]
            continue
        tree = json.loads(record)
        for _ in range(chance.choice((1, 1, 2, 5))):
            _spoil(tree, chance)
        yield json.dumps(tree, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")


_WRONG: tuple[Callable[[random.Random], Any], ...] = (
    lambda chance: None,
    lambda chance: "",
    lambda chance: "\x00 nul",
    lambda chance: "\ud800",
    lambda chance: "-1",
    lambda chance: "9999-12-31T23:59:59.999999Z",
    lambda chance: "0001-01-01T00:00:00+14:00",
    lambda chance: chance.choice((-1, 0, 2**31, 2**63, 2**64, -(2**63), 10**400)),
    lambda chance: chance.choice((1.5, 1e308, float("nan"), float("inf"))),
    lambda chance: chance.choice((True, False)),
    lambda chance: [],
    lambda chance: {},
    lambda chance: ["a", 1, None, {"b": []}],
    lambda chance: {"id": {"id": {"id": 1}}},
    lambda chance: "x" * 70_000,
)


def _spoil(tree: Any, chance: random.Random) -> None:
    """Replace, remove or repeat one thing, anywhere in a record."""
    places = [node for node in _nodes(tree) if node]
    if not places:
        return
    node = chance.choice(places)
    key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
    if chance.random() < 0.2:
        del node[key]
    elif chance.random() < 0.1 and isinstance(node, list):
        node.append(copy.deepcopy(node[key]))
    else:
        node[key] = chance.choice(_WRONG)(chance)


def _nodes(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict | list):
        yield tree
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from _nodes(inner)


def _leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(tree, dict):
        for name, inner in tree.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(tree, list):
        for inner in tree:
            yield from _leaves(inner, path)
    else:
        yield path, tree
