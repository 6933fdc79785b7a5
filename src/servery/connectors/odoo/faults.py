"""What Odoo, or whoever answers in its place, says when something is wrong, as errors of ours.

A fault that Odoo itself tells undoes all that the call had done. An answer that never came, or that came from a proxy,
says nothing of the kind: then a call that writes may have been carried out.
"""

import re
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct, field

from servery.connectors.answers import retry_after
from servery.errors import LookUpFirst, NeedsPerson, Refuse, Retry, ServeryError

_PAUSE = 60.0
_MODEL = re.compile(r"\(([a-z0-9_]+(?:\.[a-z0-9_]+)+)\)")
_HIDDEN_FIELDS = re.compile(r"access the fields? [\"“]([^\"”]+)[\"”]")
_UNKNOWN_FIELD = re.compile(r"Invalid field '([^']+)' on model '([^']+)'")
_AT_FAULT = {
    "UserError", "ValidationError", "MissingError", "RedirectWarning", "UniqueViolation", "ValueError", "TypeError",
    "KeyError", "UnprocessableEntity",
}  # fmt: skip
_BUSY = {"OperationalError", "SerializationFailure", "LockNotAvailable", "PoolError", "ConcurrencyError"}
_KEY_ADVICE = "Make a new key in Odoo: My Profile, Account Security, New API Key."


class Detail(Struct):
    """The exception behind a fault of JSON-RPC."""

    name: str = ""
    message: str = ""


class Fault(Struct):
    """A fault: of JSON-RPC with `data`, of the JSON-2 API with the exception's `name`."""

    name: str = ""
    message: str = ""
    code: int = 0
    data: Detail = field(default_factory=Detail)

    @property
    def exception(self) -> str:
        """The exception's name without its module."""
        return (self.name or self.data.name).rpartition(".")[2]

    @property
    def words(self) -> str:
        """What Odoo says; it may quote records, so it never goes into a message of ours."""
        return self.message if self.name else self.data.message or self.message


def of_fault(fault: Fault, model: str | None, status: int = 0) -> ServeryError:
    """The error that a fault stands for: what a person mends, what passes, or what this one record is at fault for."""
    kind, words = fault.exception, fault.words
    if status == httpx.codes.UNAUTHORIZED or kind in ("AccessDenied", "Unauthorized"):
        return NeedsPerson("Odoo does not accept the API key for this login.", field="api_key", mend=_KEY_ADVICE)
    if kind == "AccessError" or status == httpx.codes.FORBIDDEN:
        return _hidden(words, model)
    if unknown := _UNKNOWN_FIELD.search(words):
        return _hidden_field(unknown[2], unknown[1])
    return _missing(words, model, status) or _of_kind(kind, model, status)


def _missing(words: str, model: str | None, status: int) -> NeedsPerson | None:
    if "database" in words and "does not exist" in words:
        return NeedsPerson(
            "There is no database of that name in this Odoo.", field="database",
            mend="Its name is in Odoo's address bar on the page /web/database/selector, or ask who runs it.",
        )  # fmt: skip
    if _is_unknown_model(words, status):
        return NeedsPerson(
            "This Odoo has no {model}.", code="odoo-no-model", field="base_url", model=model or "",
            mend="Install the apps Point of Sale and Restaurant.",
        )  # fmt: skip
    return None


def _of_kind(kind: str, model: str | None, status: int) -> ServeryError:
    if kind in _AT_FAULT:
        return Refuse("Odoo refuses this change of {model} ({kind}).", model=model or "", kind=kind)
    if kind in _BUSY:
        return Retry("Odoo is busy with the same record.", retry_after=5.0)
    return Retry("Odoo has a fault of its own ({kind}).", retry_after=_PAUSE, kind=kind or str(status))


def _is_unknown_model(words: str, status: int) -> bool:
    if status == httpx.codes.NOT_FOUND and "model" in words:
        return True
    return words.startswith("Object ") and words.rstrip(".").endswith("doesn't exist")


def _hidden(words: str, model: str | None) -> NeedsPerson:
    said = _MODEL.search(words)
    named = said[1] if said else model or ""
    fields = _HIDDEN_FIELDS.search(words)
    if fields:
        return _hidden_field(named, fields[1])
    return NeedsPerson(
        "This user may not read {model} in Odoo.", code="odoo-hidden-model", field="login", model=named,
        mend="Give the user the rights that are listed in the connector's README, or take away the record rule.",
    )  # fmt: skip


def _hidden_field(model: str, field_name: str) -> NeedsPerson:
    return NeedsPerson(
        "Odoo does not show the field {field_name} of {model} to this user.",
        code="odoo-hidden-field", field="login", field_name=field_name, model=model,
        mend="Give the user the rights that are listed in the connector's README, or take away the rule that hides "
        "the field.",
    )  # fmt: skip


def of_answer(response: httpx.Response, model: str, base: str, writes: bool) -> ServeryError:
    """What an answer of the JSON-2 API other than 200 stands for: Odoo's own names an exception, a proxy's does not."""
    try:
        fault = msgspec.json.decode(response.content, type=Fault)
    except (msgspec.DecodeError, RecursionError):
        fault = Fault()
    if fault.name and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
        return of_fault(fault, model, response.status_code)
    return of_status(response, base, writes)


def unanswered(error: httpx.TransportError, base: str, writes: bool) -> ServeryError:
    """No answer: nothing has happened where no connection was made, and otherwise only for a question that reads."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Retry(
            "Odoo at {host} cannot be reached.", retry_after=_PAUSE, host=host(base),
            mend="Check that the address is right and that the server is running.",
        )  # fmt: skip
    if writes:
        return perhaps(base)
    return Retry("Odoo at {host} did not answer in time.", retry_after=_PAUSE, host=host(base))


def perhaps(base: str) -> LookUpFirst:
    """Odoo may have made the change."""
    return LookUpFirst("Odoo at {host} did not say whether it made the change.", host=host(base))


def of_status(response: httpx.Response, base: str, writes: bool) -> ServeryError:
    """The error that an HTTP status without a fault of Odoo's stands for."""
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        asked = retry_after(response.headers.get("Retry-After"))
        pause = _PAUSE if asked is None else asked
        return Retry(
            "Odoo at {host} asks for a pause.", retry_after=pause, asked=asked is not None, host=host(base)
        )  # fmt: skip
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return NeedsPerson("Odoo does not accept the API key for this login.", field="api_key", mend=_KEY_ADVICE)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        if writes:
            return perhaps(base)
        return Retry(
            "Odoo at {host} is out of order (it answered {status}).", retry_after=_PAUSE, host=host(base), status=status
        )
    return no_odoo(base)


def not_json(response: httpx.Response, base: str, writes: bool) -> ServeryError:
    """An answer that is no JSON: a page of a proxy or of another program, or half an answer."""
    if writes:
        return perhaps(base)
    if response.content.lstrip().startswith(b"<"):
        return no_odoo(base)
    return broken_off(base)


def broken_off(base: str) -> Retry:
    """An answer that is not whole, or not what was asked for."""
    return Retry("Odoo at {host} broke off its answer.", retry_after=_PAUSE, host=host(base))


def no_odoo(base: str) -> NeedsPerson:
    """What answers at this address is not Odoo."""
    return NeedsPerson(
        "There is no Odoo at {host}.", field="base_url", host=host(base),
        mend="Enter the address that you open Odoo with, without what follows the host, such as "
        "https://odoo.example.com.",
    )  # fmt: skip


def host(base: str) -> str:
    """The host alone: a whole address may hold what someone pasted into it."""
    try:
        return urlsplit(base).hostname or "?"
    except ValueError:
        return "?"
