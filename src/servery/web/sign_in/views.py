"""Pages for who is not signed in yet, and the way out."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from servery.accounts.rows import Person
from servery.accounts.tokens import Token
from servery.errors import Refuse, Retry, ServeryError
from servery.language.words import Words
from servery.web.cookies import ended_session, language_cookie, session_cookie
from servery.web.door import TheDoor
from servery.web.forms import Form, safe_path
from servery.web.frame import frame_of_stranger
from servery.web.render import Asked, page, with_status
from servery.web.typed import forgotten


@get("/sign-in", public=True)
async def ask(request: Asked) -> Response[str]:
    """The form for e-mail and password."""
    return _form(request, goes_on=safe_path(request.query_params.get("next")))


@post("/sign-in", public=True)
async def by_password(request: Asked, door: TheDoor, data: Form) -> Response[Any]:
    """Sign in by password."""
    email, password = data.get("email", ""), data.get("password", "")
    goes_on = safe_path(data.get("next"))
    address = request.client.host if request.client else ""
    try:
        person, token = await door.by_password(email, password, address, _device(request))
    except (Refuse, Retry) as refused:
        return _form(request, goes_on, email, refused)
    return _signed_in(request, person, token, goes_on)


@get("/sign-in/{token:str}", public=True)
async def ask_link(request: Asked, token: FromPath[str]) -> Response[str]:
    """One button. Mail programs and previews open links: opening one must not use it up."""
    return _link_page(request, token, trouble=None)


@post("/sign-in/{token:str}", public=True)
async def by_link(request: Asked, door: TheDoor, token: FromPath[str]) -> Response[Any]:
    """Use a one-time link up."""
    try:
        person, session = await door.by_link(Token(token), _device(request))
    except Refuse as refused:
        return _link_page(request, token, trouble=refused)
    return _signed_in(request, person, session, "/" if person.has_password else "/password")


@get("/password")
async def ask_password(request: Asked) -> Response[str]:
    """The form by which an invited person chooses a password."""
    return page(request, frame_of_stranger(request), "sign_in/password.html", trouble=None)


@post("/password")
async def choose_password(request: Asked, door: TheDoor, data: Form) -> Response[Any]:
    """Set the password that was chosen."""
    try:
        await door.set_password(request.user, data.get("password", ""), request.auth)
    except Refuse as refused:
        frame = frame_of_stranger(request)
        trouble = refused.told(frame.words.gettext)
        return with_status(page(request, frame, "sign_in/password.html", trouble=trouble), 422)
    return Redirect("/", status_code=HTTP_303_SEE_OTHER)


@post("/sign-out")
async def leave(request: Asked, door: TheDoor) -> Response[Any]:
    """End this session."""
    await door.leave(request.auth)
    return Redirect("/sign-in", status_code=HTTP_303_SEE_OTHER, cookies=[ended_session(request), forgotten(request)])


@post("/sign-out/everywhere")
async def leave_everywhere(request: Asked, door: TheDoor) -> Response[Any]:
    """End all sessions of who asks: here, and on every other device."""
    await door.leave_everywhere(request.user)
    return Redirect("/sign-in", status_code=HTTP_303_SEE_OTHER, cookies=[ended_session(request), forgotten(request)])


def _form(request: Asked, goes_on: str, email: str = "", trouble: ServeryError | None = None) -> Response[str]:
    frame = frame_of_stranger(request)
    told = trouble.told(frame.words.gettext) if trouble else None
    status = 200 if trouble is None else 429 if isinstance(trouble, Retry) else 422
    answer = page(request, frame, "sign_in/page.html", email=email, trouble=told, goes_on=goes_on)
    return with_status(answer, status)


def _link_page(request: Asked, token: str, trouble: ServeryError | None) -> Response[str]:
    frame = frame_of_stranger(request)
    told = _why_not(trouble, frame.words) if trouble else None
    answer = page(request, frame, "sign_in/link.html", token=token, trouble=told)
    # The address holds the secret: no further page may be told where one came from.
    answer.headers["referrer-policy"] = "no-referrer"
    return with_status(answer, 410 if trouble else 200)


def _why_not(trouble: ServeryError, words: Words) -> str:
    reasons = {
        "link-used": words.gettext("It has been used already. Ask an owner for a new one."),
        "link-expired": words.gettext("It has expired. Ask an owner for a new one."),
        "link-unknown": words.gettext("It is not complete, or a newer one took its place. Ask an owner for a new one."),
    }
    return reasons.get(trouble.code) or trouble.told(words.gettext)


def _signed_in(request: Asked, person: Person, token: Token, goes_on: str) -> Redirect:
    cookies = [session_cookie(request, token)]
    if person.language:
        cookies.append(language_cookie(request, person.language))
    return Redirect(goes_on, status_code=HTTP_303_SEE_OTHER, cookies=cookies)


def _device(request: Asked) -> str:
    return request.headers.get("user-agent", "")
