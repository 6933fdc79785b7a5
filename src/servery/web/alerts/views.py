"""The routes by which people choose who is told when something breaks."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from servery.errors import Invalid, ServeryError
from servery.health.alerts import LEASTS, Least
from servery.web.connections.health import TheHealth
from servery.web.forms import Form
from servery.web.frame import TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page, with_status

_GUARDS = [needs("change_connections")]


@get("/alerts", guards=_GUARDS)
async def alerts(request: Asked, frame: TheFrame, house: TheHealth) -> Response[str]:
    """Who is told, and whether it arrives."""
    return await _page(request, frame, house)


@post("/alerts", guards=_GUARDS)
async def add_receiver(request: Asked, frame: TheFrame, house: TheHealth, data: Form) -> Response[str] | Redirect:
    """Tell somebody from now on. The secret of a webhook is on the page that answers, and nowhere after."""
    address = data.get("address", "").strip()
    try:
        secret = await house.add_receiver(frame.viewer, address, _least(data), "digest" in data, frame.words.language)
    except Invalid as wrong:
        told = wrong.told(frame.words.gettext)
        return with_status(await _page(request, frame, house, address=address, wrong=told), 422)
    return await _page(request, frame, house, secret=secret) if secret else _back()


@post("/alerts/{receiver_id:int}", guards=_GUARDS)
async def change_receiver(frame: TheFrame, house: TheHealth, data: Form, receiver_id: FromPath[int]) -> Redirect:
    """Choose what somebody is told."""
    await house.change_receiver(frame.viewer, receiver_id, _least(data), "digest" in data)
    return _back()


@post("/alerts/{receiver_id:int}/remove", guards=_GUARDS)
async def remove_receiver(frame: TheFrame, house: TheHealth, receiver_id: FromPath[int]) -> Redirect:
    """Tell somebody no more."""
    await house.remove_receiver(frame.viewer, receiver_id)
    return _back()


@post("/alerts/{receiver_id:int}/test", guards=_GUARDS)
async def test_receiver(request: Asked, frame: TheFrame, house: TheHealth, receiver_id: FromPath[int]) -> Response[str]:
    """Send a test now, and say whether it went out."""
    try:
        await house.test_receiver(frame.viewer, receiver_id)
    except ServeryError as error:
        return with_status(await _page(request, frame, house, failed=error.told(frame.words.gettext)), 422)
    return await _page(request, frame, house, tested=True)


async def _page(request: Asked, frame: TheFrame, house: TheHealth, **more: object) -> Response[str]:
    nothing = {"address": "", "wrong": None, "secret": None, "failed": None, "tested": False}
    receivers = await house.receivers(frame.viewer)
    return page(request, frame, "alerts/page.html", tab="connections", receivers=receivers, **{**nothing, **more})


def _least(data: Form) -> Least:
    least = next((one for one in LEASTS if one == data.get("least")), None)
    if least is None:
        raise Invalid("This cannot be chosen.", field="least")
    return least


def _back() -> Redirect:
    return Redirect("/alerts", status_code=HTTP_303_SEE_OTHER)
