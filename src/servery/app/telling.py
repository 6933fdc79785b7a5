"""An alert on its way: put into words, and sent by e-mail or as a signed webhook (Standard Webhooks 1.0)."""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from anyio import to_thread

from servery.app.guarded import post
from servery.connectors import registry
from servery.connectors.standard_webhooks import signed
from servery.errors import NeedsPerson, Retry
from servery.health.alerts import Owed, Receiver
from servery.health.repairs import Repair, said
from servery.language.words import Words, words
from servery.settings import Settings

_SMTP_SECONDS = 20.0
_PORTS = {"smtp": 587, "smtps": 465}


def sentences(one: Repair, spoken: Words) -> tuple[str, str]:
    """What is not well and what mends it, in a language. Instants are UTC."""
    connector = str(one.params.get("connector", ""))
    # A connector that is no longer installed brings no words.
    known = connector in registry.packages()
    errors = words(spoken.language, registry.locale(connector)) if known else spoken
    return said(one, spoken.gettext, errors.gettext, form=spoken.form)


async def tell(settings: Settings, to: Receiver, owed: Owed, about: Sequence[Repair], secret: str | None) -> None:
    """Send one alert. Raises Retry where it may go through later, NeedsPerson where a setting is at fault."""
    if to.kind == "email":
        await to_thread.run_sync(_mail, settings, _message(settings, to, owed, about))
    else:
        await _call(settings, to, owed, about, secret or "")


def _message(settings: Settings, to: Receiver, owed: Owed, about: Sequence[Repair]) -> EmailMessage:
    spoken = words(to.language)
    message = EmailMessage()
    message["Subject"] = _subject(owed, about, spoken)
    message["From"] = settings.mail_from or f"servery@{urlsplit(settings.public_url).hostname}"
    message["To"] = Address(addr_spec=to.address)
    message["Date"] = datetime.now(UTC)
    # The same at every try: whoever was told already is not told twice by a mail program that knows the id.
    message["Message-ID"] = f"<{owed.id}@{urlsplit(settings.public_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_letter(settings, owed, about, spoken))
    return message


def _subject(owed: Owed, about: Sequence[Repair], spoken: Words) -> str:
    _ = spoken.gettext
    if owed.what == "test" or not about:
        return _("Servery: a test")
    if owed.what == "digest":
        return spoken.ngettext("Servery: {n} thing to mend", "Servery: {n} things to mend", len(about))
    what, _mend = sentences(about[0], spoken)
    starts = {"opened": _("Servery:"), "reminder": _("Servery, still:"), "closed": _("Servery, mended:")}
    return f"{starts[owed.what]} {what}"[:180].replace("\n", " ")


def _letter(settings: Settings, owed: Owed, about: Sequence[Repair], spoken: Words) -> str:
    _ = spoken.gettext
    if owed.what == "test":
        return _("This is how you will be told when something breaks.") + f"\n\n{settings.public_url}/connections\n"
    told = [sentences(one, spoken) for one in about]
    if owed.what == "closed":
        mended = _("It is mended.")
        parts = [f"{what}\n{mended}" for what, _mend in told]
    else:
        parts = [f"{what}\n{mend}" for what, mend in told]
    return "\n\n".join([*parts, f"{settings.public_url}/connections"]) + "\n"


def _mail(settings: Settings, message: EmailMessage) -> None:
    if not settings.smtp_url:
        raise NeedsPerson(
            "No mail server is set.",
            field="SERVERY_SMTP_URL",
            mend="Set SERVERY_SMTP_URL, for example smtps://user:password@mail.example.com.",
        )
    parts = urlsplit(settings.smtp_url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 25)
    context = ssl.create_default_context()
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SMTP_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_SMTP_SECONDS)
        with server:
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError):
        raise NeedsPerson("The mail server refuses our name and password.", field="SERVERY_SMTP_URL") from None
    except smtplib.SMTPRecipientsRefused:
        raise NeedsPerson("The mail server refuses the address.", field="address") from None
    except (OSError, smtplib.SMTPException) as error:
        # Never its own words: they may repeat what we sent.
        raise Retry("The mail server does not take it ({why}).", why=type(error).__name__) from None


async def _call(settings: Settings, to: Receiver, owed: Owed, about: Sequence[Repair], secret: str) -> None:
    body = msgspec.json.encode(_event(settings, owed, about))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    status = await post(to.address, body, signed(str(owed.id), body, [key]), inside=settings.inside_addresses)
    if status == 410:
        raise NeedsPerson("The webhook's address answers that it is gone for good.", field="address")
    if not 200 <= status < 300:
        raise Retry("The webhook's address answers {status}.", status=status)


def _event(settings: Settings, owed: Owed, about: Sequence[Repair]) -> dict[str, Any]:
    spoken = words("en")
    return {
        "type": "test" if owed.what == "test" else f"repair.{owed.what}",
        "timestamp": datetime.now(UTC),
        "data": {
            "url": f"{settings.public_url}/connections",
            "repairs": [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "severity": one.severity,
                    "connection_id": one.connection_id,
                    "since": one.since,
                    "what": sentences(one, spoken)[0],
                    "mend": sentences(one, spoken)[1],
                }
                for one in about
            ],
        },
    }
