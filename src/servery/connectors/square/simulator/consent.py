"""Square's OAuth: the owner of the account says yes at once, and tokens are given, refreshed and run out."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from servery.connectors.square.simulator.answers import Answer, Problem, identifier, rfc3339
from servery.connectors.square.simulator.people import merchant_id
from servery.testing.stage import Stage

APPLICATION_ID = "sandbox-sq0idb-simulated"
APPLICATION_SECRET = "sandbox-sq0csb-simulated"
_CODE_MINUTES = 5


class ObtainToken(Struct, frozen=True):
    """POST /oauth2/token."""

    client_id: str
    grant_type: str
    client_secret: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    refresh_token: str | None = None
    short_lived: bool | None = None


class Consent:
    """Which codes and tokens stand. `lifetime` is how long an access token opens the account."""

    def __init__(self, stage: Stage, now: Callable[[], datetime], lifetime: timedelta = timedelta(days=30)) -> None:
        self._stage = stage
        self._now = now
        self._lifetime = lifetime
        self._codes: dict[str, datetime] = {}
        self._refreshing: set[str] = set()
        self._until: dict[str, datetime] = {}

    def opens(self, token: str) -> bool:
        """Whether an access token given here still opens the account."""
        until = self._until.get(token)
        return until is not None and self._now() < until

    def authorize(self, query: Mapping[str, str]) -> Answer:
        """GET /oauth2/authorize: sends the browser back with a code, as after the owner's yes."""
        if query.get("client_id") != APPLICATION_ID or not query.get("redirect_uri"):
            raise Problem(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "There is no such application.", "client_id")
        code = identifier("code", len(self._codes), self._now(), length=40)
        self._codes[code] = self._now() + timedelta(minutes=_CODE_MINUTES)
        back = {"code": code, "response_type": "code"} | ({"state": query["state"]} if "state" in query else {})
        return Answer(302, b"", ((b"location", f"{query['redirect_uri']}?{urlencode(back)}".encode()),))

    def token(self, asked: ObtainToken) -> bytes:
        """POST /oauth2/token. A code is good once; a refresh token stays good."""
        if (asked.client_id, asked.client_secret) != (APPLICATION_ID, APPLICATION_SECRET):
            raise _refused("Not Authorized", 401)
        if asked.grant_type == "authorization_code":
            until = self._codes.pop(asked.code or "", None)
            if until is None or until < self._now():
                raise _refused("Authorization code not found")
            refresh = identifier("refresh", len(self._refreshing), self._now(), length=40)
            self._refreshing.add(refresh)
        elif asked.grant_type == "refresh_token" and asked.refresh_token in self._refreshing:
            refresh = asked.refresh_token
        else:
            raise _refused("Invalid refresh token" if asked.refresh_token else "Unknown grant type")
        return self._given(refresh)

    def _given(self, refresh: str) -> bytes:
        until = self._now() + self._lifetime
        access = identifier("access", len(self._until), self._now(), length=40)
        self._until[access] = until
        return msgspec.json.encode(
            {
                "access_token": access,
                "token_type": "bearer",
                "expires_at": rfc3339(until),
                "merchant_id": merchant_id(self._stage),
                "refresh_token": refresh,
                "short_lived": False,
            }
        )

    def revoke(self) -> None:
        """The owner takes back what was given: no token opens the account any more."""
        self._until.clear()
        self._refreshing.clear()


def _refused(detail: str, status: int = 400) -> Problem:
    return Problem(status, "AUTHENTICATION_ERROR", "UNAUTHORIZED" if status == 401 else "BAD_REQUEST", detail)
