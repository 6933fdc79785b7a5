"""Calling Odoo: JSON-RPC in versions 17 and 18, the JSON-2 API with a bearer key from 19 on, and what went wrong."""

from asyncio import Lock
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import httpx
import msgspec
from msgspec import Raw, Struct, field

from servery.connectors.contract import Session
from servery.connectors.odoo.faults import (
    Fault,
    broken_off,
    no_odoo,
    not_json,
    of_answer,
    of_fault,
    of_status,
    perhaps,
    unanswered,
)
from servery.connectors.odoo.fields import READ
from servery.errors import NeedsPerson

OLDEST, NEWEST_TRIED = 17, 19
_WITH_JSON_2 = 19
_PAGE = 500
Row = dict[str, Any]
Answer = TypeVar("Answer")
Domain = Sequence[Any]


class _Known(Struct):
    """What one set of credentials has been told so far: it stays true for as long as the connection is in use."""

    version: int = 0
    uid: int | None = None
    fields: dict[str, frozenset[str]] = field(default_factory=dict)
    rows: dict[str, dict[int, Row]] = field(default_factory=dict)
    tags: Lock = field(default_factory=Lock)


class _Answer(Struct):
    """An answer of JSON-RPC. Without a result the method gave nothing back, and has done its work."""

    result: Raw = Raw(b"null")
    error: Fault | None = None


class _Version(Struct):
    server_version: str


_known: WeakKeyDictionary[httpx.AsyncClient, dict[tuple[str, ...], _Known]] = WeakKeyDictionary()


class Odoo:
    """One connection's way to its Odoo. Every method raises Retry, NeedsPerson or Refuse; those that write, LookUpFirst
    as well, where nobody can tell whether Odoo did it.
    """  # noqa: D205

    def __init__(self, session: Session) -> None:
        self._http = session.http
        self.base = _base(session.settings)
        self.database = (session.settings.get("database") or "").strip()
        self._login = (session.settings.get("login") or "").strip()
        self._key = (session.settings.get("api_key") or "").strip()
        self._api = (session.settings.get("api") or "").strip().casefold()
        _check_header(self._key)
        mine = (self.base, self.database, self._login, self._key, self._api)
        self.known = _known.setdefault(session.http, {}).setdefault(mine, _Known())

    async def version(self) -> int:
        """The major version. NeedsPerson where it is too old, or where no Odoo answers."""
        if not self.known.version:
            body = {"jsonrpc": "2.0", "method": "call", "params": {}}
            answer = await self._json_rpc("/web/webclient/version_info", body, writes=False)
            told = _decoded(answer, _Version, self.base).server_version
            number = _major(told)
            if number < OLDEST:
                raise NeedsPerson(
                    "This is Odoo {version}; Servery speaks with {oldest} and later.",
                    field="base_url", version=told[:20], oldest=OLDEST,
                )  # fmt: skip
            self.known.version = number
        return self.known.version

    async def context(self) -> dict[str, Any]:
        """The user's language and time zone: proves the credentials. NeedsPerson names the setting at fault."""
        return _decoded(await self.call("res.users", "context_get"), dict[str, Any], self.base)

    async def call(
        self, model: str, method: str, ids: Sequence[int] | None = None, *, writes: bool = False, **named: Any
    ) -> Raw:
        """What a public method of a model gives back, called with named arguments, on these records where given."""
        if await self._speaks_json_2():
            body = named if ids is None else {"ids": list(ids), **named}
            return await self._json_2(f"/json/2/{model}/{method}", body, writes, model)
        uid = await self._uid()
        listed = [] if ids is None else [list(ids)]
        parameters = [self.database, uid, self._key, model, method, listed, named]
        return await self._service("object", "execute_kw", parameters, writes=writes, model=model)

    async def fields(self, model: str) -> frozenset[str]:
        """The fields of a model that this user may see; none where the model is not installed."""
        if model not in self.known.fields:
            try:
                told = await self.call(model, "fields_get", attributes=["type"])
            except NeedsPerson as error:
                if error.code != "odoo-no-model":
                    raise
                told = Raw(b"{}")
            self.known.fields[model] = frozenset(_decoded(told, dict[str, Raw], self.base))
        return self.known.fields[model]

    async def has(self, model: str) -> bool:
        """Whether the model is installed."""
        return bool(await self.fields(model))

    async def asked(self, model: str) -> list[str]:
        """What is read of a model here. NeedsPerson names the model, or the field, that this user may not see."""
        wanted = READ[model]
        if not wanted.optional:
            # Every version has them; where this user may not see one, Odoo's answer says which.
            return list(wanted.needed)
        there = await self.fields(model)
        for each in wanted.needed:
            if each not in there:
                raise NeedsPerson(
                    "Odoo does not show the field {field_name} of {model} to this user.",
                    code="odoo-hidden-field", field="login", field_name=each, model=model,
                    mend="Give the user the rights that are listed in the connector's README, or take away the rule "
                    "that hides the field.",
                )  # fmt: skip
        return [each for each in (*wanted.needed, *wanted.optional) if each in there]

    async def search_read(
        self,
        model: str,
        domain: Domain,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
        order: str = "id asc",
    ) -> list[Row]:
        """Records that match, with these fields or those read of this model; archived ones only where asked for."""
        wanted = list(fields) if fields is not None else await self.asked(model)
        asked: dict[str, Any] = {"domain": list(domain), "fields": wanted, "order": order}
        if limit:
            asked["limit"] = limit
        return _decoded(await self.call(model, "search_read", **asked), list[Row], self.base)

    async def by_id(self, model: str, ids: Sequence[int]) -> list[Row]:
        """The records with these ids, archived ones too; one that is gone or hidden is left out."""
        found: list[Row] = []
        for start in range(0, len(ids), _PAGE):
            domain: list[Any] = [["id", "in", list(ids[start : start + _PAGE])]]
            if "active" in await self.fields(model):
                domain.append(["active", "in", [True, False]])
            found += await self.search_read(model, domain)
        return found

    async def remembered(self, model: str, ids: Sequence[int]) -> dict[int, Row]:
        """Like `by_id`, for what hardly ever changes: each is asked for once, until `forget`."""
        held = self.known.rows.setdefault(model, {})
        missing = sorted({each for each in ids if each not in held})
        if missing:
            held.update({row["id"]: row for row in await self.by_id(model, missing)})
        return {each: held[each] for each in ids if each in held}

    def forget(self, model: str) -> None:
        """Ask for what is `remembered` of a model anew."""
        self.known.rows.pop(model, None)

    async def create(self, model: str, *records: Mapping[str, Any]) -> list[int]:
        """Make records and give their ids. LookUpFirst where Odoo made them and did not say which they are."""
        told = await self.call(model, "create", writes=True, vals_list=[dict(each) for each in records])
        try:
            return msgspec.json.decode(told, type=list[int])
        except msgspec.DecodeError as error:
            raise perhaps(self.base) from error

    async def write(self, model: str, ids: Sequence[int], values: Mapping[str, Any]) -> None:
        """Alter records."""
        await self.call(model, "write", ids, writes=True, vals=dict(values))

    async def _speaks_json_2(self) -> bool:
        if self._api in ("json-2", "json-rpc"):
            return self._api == "json-2"
        return await self.version() >= _WITH_JSON_2

    async def _uid(self) -> int:
        if self.known.uid is None:
            parameters = [self.database, self._login, self._key, {}]
            told = await self._service("common", "authenticate", parameters, writes=False)
            uid = _decoded(told, object, self.base)
            if isinstance(uid, bool) or not isinstance(uid, int):
                raise NeedsPerson(
                    "Odoo does not accept the API key for this login.", field="api_key",
                    mend="Make a new key in Odoo: My Profile, Account Security, New API Key.",
                )  # fmt: skip
            self.known.uid = uid
        return self.known.uid

    async def _service(
        self, service: str, method: str, args: Sequence[Any], *, writes: bool, model: str | None = None
    ) -> Raw:
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        return await self._json_rpc("/jsonrpc", body, writes, model)

    async def _json_rpc(self, path: str, body: Mapping[str, Any], writes: bool, model: str | None = None) -> Raw:
        response = await self._post(path, body, {}, writes)
        if response.status_code != httpx.codes.OK:
            raise of_status(response, self.base, writes)
        try:
            answer = msgspec.json.decode(response.content, type=_Answer)
        except msgspec.DecodeError as error:
            raise not_json(response, self.base, writes) from error
        if answer.error:
            raise of_fault(answer.error, model)
        return answer.result

    async def _json_2(self, path: str, body: Mapping[str, Any], writes: bool, model: str) -> Raw:
        headers = {"Authorization": f"Bearer {self._key}"}
        if self.database:
            headers["X-Odoo-Database"] = self.database
        response = await self._post(path, body, headers, writes)
        if response.status_code == httpx.codes.OK:
            try:
                return msgspec.json.decode(response.content, type=Raw)
            except msgspec.DecodeError as error:
                raise not_json(response, self.base, writes) from error
        raise of_answer(response, model, self.base, writes)

    async def _post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str], writes: bool
    ) -> httpx.Response:
        told = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        try:
            return await self._http.post(self.base + path, content=msgspec.json.encode(body), headers=told)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.DecodingError) as error:
            raise no_odoo(self.base) from error
        except httpx.TransportError as error:
            raise unanswered(error, self.base, writes) from error


def _base(settings: Mapping[str, str]) -> str:
    base = (settings.get("base_url") or "").strip().rstrip("/")
    for ending in ("/odoo", "/web"):
        base = base.removesuffix(ending)
    if not base.startswith(("https://", "http://")) or "@" in base:
        # A password in an address must not come back in a message.
        raise no_odoo(base.rpartition("@")[2])
    return base


def _check_header(key: str) -> None:
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise NeedsPerson(
            "The API key is empty or holds signs that no API key has.", field="api_key",
            mend="Make a new key in Odoo: My Profile, Account Security, New API Key.",
        )  # fmt: skip


def _major(version: str) -> int:
    """The number in 19.0, saas~18.3+e or 17.0-20240101; 0 where there is none."""
    digits = version.removeprefix("saas~").partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _decoded(raw: Raw, kind: type[Answer], base: str) -> Answer:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise broken_off(base) from error
