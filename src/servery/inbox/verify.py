"""Who sent a webhook: proved on the bytes as they came, by what the vendor's manifest says, and by nothing else.

Nothing is parsed before it is proved. Comparisons take the same time whatever differs.
"""

import base64
import hmac
import re
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qsl

from msgspec import Struct

from servery.connectors.contract import Webhook
from servery.errors import Forbidden, NeedsPerson


class Request(Struct, frozen=True):
    """What came over the wire. Header names are in lower case; `query` is what stands behind the question mark.

    `url` is the address as the vendor knows it, from SERVERY_PUBLIC_URL and never from the Host header.
    """

    url: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes

    def __repr__(self) -> str:
        # Headers and query may hold secrets, the body a guest's data.
        return f"Request({len(self.body)} bytes)"


def verify(webhook: Webhook, secrets: Sequence[str], request: Request, now: datetime) -> None:
    """Return where the sender knows one of the secrets (two while one is being changed) and the request is fresh.

    Raises Forbidden where it does not, and NeedsPerson where a secret that we hold cannot be one.
    """
    keys = [secret for secret in secrets if secret]
    _PROOFS[webhook.by](webhook, keys, request)
    if webhook.timestamp_header is not None:
        _refuse_stale(webhook, _header(request, webhook.timestamp_header), now)


def secrets_in(setting: str) -> list[str]:
    """The secrets that a setting holds: one, or two parted by a space while it is being changed."""
    return setting.split()


def _hmac(webhook: Webhook, secrets: Sequence[str], request: Request) -> None:
    given = _signatures(webhook, _header(request, webhook.header))
    signed = _signed(webhook, request)
    expected = [_signature(webhook, secret, signed) for secret in secrets]
    _refuse_unless(any(hmac.compare_digest(one, other) for one in expected for other in given))


def _signatures(webhook: Webhook, header: bytes) -> list[bytes]:
    prefix = webhook.prefix.encode()
    if not prefix and header.isalnum():
        return [header]
    # Standard Webhooks writes "v1,<signature> v1,<signature>": there a comma ends the prefix and parts nothing.
    found = re.split(rb" +" if b"," in prefix else rb"[ ,]+", header.strip())
    return [one[len(prefix) :] for one in found if one.startswith(prefix)]


def _signed(webhook: Webhook, request: Request) -> bytes:
    return b"".join(piece if isinstance(piece, bytes) else piece(webhook, request) for piece in _pieces(webhook.signs))


_Piece = Callable[[Webhook, Request], bytes]
_NAMED: dict[str, _Piece] = {
    "{url}": lambda _, request: request.url.encode(),
    "{body}": lambda _, request: request.body,
    "{id}": lambda webhook, request: _header(request, webhook.id_header or ""),
    "{timestamp}": lambda webhook, request: _header(request, webhook.timestamp_header or ""),
}


@lru_cache
def _pieces(signs: str) -> tuple[bytes | _Piece, ...]:
    parts = re.split(r"(\{(?:url|body|id|timestamp)\})", signs)
    return tuple(_NAMED[part] if part in _NAMED else part.encode() for part in parts if part)


def _signature(webhook: Webhook, secret: str, signed: bytes) -> bytes:
    digest = hmac.digest(_key(webhook, secret), signed, webhook.algorithm)
    # The written form is compared and not the bytes: base64 and hex can write the same bytes in several ways.
    return digest.hex().encode() if webhook.encoding == "hex" else base64.b64encode(digest)


def _key(webhook: Webhook, secret: str) -> bytes:
    if webhook.key == "text":
        return secret.encode()
    encoded = secret.rpartition("_")[2]
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except NotBase64:
        raise NeedsPerson(
            "The secret that proves webhooks is not in base64.",
            code="webhook-secret-unreadable",
            field=webhook.secret,
            mend="Copy it again from where the vendor shows it.",
        ) from None


def _fixed(before: bytes, encode: Callable[[str], bytes]) -> Callable[[Webhook, Sequence[str], Request], None]:
    """The proof by a header that holds the secret itself."""

    def prove(webhook: Webhook, secrets: Sequence[str], request: Request) -> None:
        given = _header(request, webhook.header)
        expected = [before + webhook.prefix.encode() + encode(secret) for secret in secrets]
        _refuse_unless(any(hmac.compare_digest(given, one) for one in expected))

    return prove


def _query(webhook: Webhook, secrets: Sequence[str], request: Request) -> None:
    pairs = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    given = next((value for name, value in pairs if name == webhook.header), "")
    if not given:
        raise _unsigned()
    told = given.encode(errors="surrogateescape")
    _refuse_unless(any(hmac.compare_digest(told, secret.encode()) for secret in secrets))


_PROOFS: dict[str, Callable[[Webhook, Sequence[str], Request], None]] = {
    "hmac": _hmac,
    "header": _fixed(b"", str.encode),
    "basic": _fixed(b"Basic ", lambda secret: base64.b64encode(secret.encode())),
    "bearer": _fixed(b"Bearer ", str.encode),
    "query": _query,
}


def _header(request: Request, name: str) -> bytes:
    found = request.headers.get(name.encode())
    if not found:
        raise _unsigned()
    return found


def _refuse_unless(proved: bool) -> None:
    if not proved:
        raise Forbidden("The proof of the sender does not hold.", code="wrong-signature")


def _unsigned() -> Forbidden:
    return Forbidden("The request does not prove who sends it.", code="not-signed")


def _refuse_stale(webhook: Webhook, stamp: bytes, now: datetime) -> None:
    age = (now - _instant(webhook, stamp)).total_seconds()
    if age > webhook.past:
        raise Forbidden("The request is too old.", code="too-old")
    if -age > webhook.future:
        raise Forbidden("The request is dated in the future.", code="dated-ahead")


_DIVIDED_BY = {"seconds": 1, "milliseconds": 1000}


def _instant(webhook: Webhook, stamp: bytes) -> datetime:
    try:
        if webhook.timestamp_unit == "iso":
            told = datetime.fromisoformat(stamp.decode("ascii"))
            return told if told.tzinfo else told.replace(tzinfo=UTC)
        if re.fullmatch(rb"[0-9]{1,16}", stamp):
            return datetime.fromtimestamp(int(stamp) / _DIVIDED_BY[webhook.timestamp_unit], UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Forbidden("The request's time cannot be read.", code="time-unreadable")
