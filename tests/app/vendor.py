"""Orchid: an invented vendor with applications and OAuth2, served over a socket, and a connector to it.

Its rules are those of RFC 6749 and RFC 7636 at their strictest: a code opens once, a refresh token is used once.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest

from servery.connectors import registry
from servery.testing.served import served

MANIFEST = """
name = "orchid"
title = "Orchid"
kind = "pos"
quality = "bronze"
evidence = "documentation"

[oauth2]
authorize_url = "{base_url}/authorize"
token_url = "{base_url}/token"
scopes = ["READ", "WRITE"]
refresh_before = 60

[[settings]]
name = "access_token"
label = "Access token"
secret = true

[[settings]]
name = "base_url"
label = "Address"

[[resources]]
name = "orders"
poll_seconds = 60
"""
CLIENT = """
import msgspec

from servery.connectors.contract import Account, Location, Page
from servery.errors import NeedsPerson, Retry


async def check(session):
    answer = await ask(session)
    if answer.status_code == 401:
        raise NeedsPerson("Orchid does not take the access token.", field="access_token")
    if answer.is_error:
        raise Retry("Orchid is away.")
    name = msgspec.json.decode(answer.content)["name"]
    place = Location(external_id=name.lower(), name=name, time_zone="Europe/Copenhagen", currency="DKK")
    return Account(name, (place,))


async def ask(session):
    token = session.settings["access_token"]
    return await session.http.get(session.settings["base_url"] + "/me", headers={"authorization": f"Bearer {token}"})


async def read(session, resource, account, span, token):
    await check(session)
    return Page(())
"""


class Orchid:
    """The vendor. `tokens` are the access tokens that open it, `refreshes` those that may still be used once."""

    def __init__(self) -> None:
        self.name = "Nord"
        self.expires_in = 3600
        self.tokens: set[str] = set()
        self.refreshes: set[str] = set()
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.withdrawn = False

    def agree(self, url_query: str) -> dict[str, str]:
        """What a person is sent back with who agrees to what this address asks for."""
        asks = dict(parse_qsl(url_query))
        code = secrets.token_hex(8)
        self.codes[code] = asks
        return {"code": code, "state": asks["state"]}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, answer, headers = self._answer(scope, dict(parse_qsl(body.decode())))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, scope: dict[str, Any], form: dict[str, str]) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        if scope["path"] == "/authorize":
            query = scope["query_string"].decode()
            back = dict(parse_qsl(query))["redirect_uri"] + "?" + urlencode(self.agree(query))
            return 302, b"", [(b"location", back.encode())]
        if scope["path"] == "/token":
            self.asked.append(form)
            return self._json(self._grant(form))
        token = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        return self._json({"name": self.name} if token in self.tokens else None, 401)

    def _json(self, answer: Any, otherwise: int = 400) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        told = answer if answer is not None else {"error": "invalid_grant"}
        return (200 if answer is not None else otherwise), msgspec.json.encode(told), []

    def _grant(self, form: dict[str, str]) -> Any:
        if (form.get("client_id"), form.get("client_secret")) != ("servery", "app-secret") or self.withdrawn:
            return None
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refreshes:
                return None
            self.refreshes.remove(form["refresh_token"])
            return self._tokens()
        asked = self.codes.pop(form["code"], None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return None
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        return self._tokens() if digest.rstrip(b"=").decode() == asked["code_challenge"] else None

    def _tokens(self) -> dict[str, Any]:
        access, refresh = f"access-{secrets.token_hex(8)}", f"refresh-{secrets.token_hex(8)}"
        self.tokens.add(access)
        self.refreshes.add(refresh)
        return {"access_token": access, "refresh_token": refresh, "expires_in": self.expires_in}


def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Orchid's connector one of those that there are, as an installed package would."""
    package = tmp_path / "orchid"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "manifest.toml").write_text(MANIFEST)
    (package / "client.py").write_text(CLIENT)
    (package / "translate.py").write_text("def translate(kind, record):\n    return ()\n")
    monkeypatch.syspath_prepend(tmp_path)
    everyone = {**registry.packages(), "orchid": "orchid"}
    monkeypatch.setattr(registry, "packages", lambda: everyone)


def serving(orchid: Orchid) -> Iterator[str]:
    """Orchid's address while the caller lives."""
    with served(orchid) as url:
        yield url
