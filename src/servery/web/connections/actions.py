"""What somebody does on the connections and with checks: each a form, sent back to the page it stood on."""

from __future__ import annotations

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from servery.errors import Invalid
from servery.web.connections.health import TheHealth
from servery.web.deeds import Deed, after
from servery.web.forms import Form
from servery.web.frame import TheFrame
from servery.web.guard import needs
from servery.web.sources import TheSources


@post("/checks/{check_id:int}/link", guards=[needs("link_visits")])
async def link_check(frame: TheFrame, sources: TheSources, data: Form, check_id: FromPath[int]) -> Redirect:
    """Say whose a check is: the booking `reservation`, or nobody's without one."""
    chosen = data.get("reservation", "")
    if chosen and not (chosen.isascii() and chosen.isdecimal()):
        raise Invalid("There is no such booking.", field="reservation")
    await sources.link(frame.viewer, check_id, int(chosen) if chosen else None)
    return after(Deed("linked" if chosen else "walked-in", check_id), data.get("back"))


@post("/checks/{check_id:int}/unlink", guards=[needs("link_visits")])
async def unlink_check(frame: TheFrame, sources: TheSources, data: Form, check_id: FromPath[int]) -> Redirect:
    """Leave a check to the rules again."""
    await sources.unlink(frame.viewer, check_id)
    return after(Deed("freed", check_id), data.get("back"))


@post("/repairs/{repair_id:int}/put-off", guards=[needs("change_connections")])
async def put_off(frame: TheFrame, house: TheHealth, data: Form, repair_id: FromPath[int]) -> Redirect:
    """Say nothing of a repair for some `hours`, or without them as long as it lasts."""
    hours = data.get("hours", "")
    if hours and not (hours.isascii() and hours.isdecimal() and len(hours) <= 3):
        raise Invalid("This is no number of hours.", field="hours")
    await house.put_off(frame.viewer, repair_id, float(hours) if hours else None)
    return after(Deed("put-off", repair_id), data.get("back"))


@post("/repairs/{repair_id:int}/heed", guards=[needs("change_connections")])
async def heed(frame: TheFrame, house: TheHealth, data: Form, repair_id: FromPath[int]) -> Redirect:
    """Take back that a repair was put off."""
    await house.heed(frame.viewer, repair_id)
    return after(Deed("heeded", repair_id), data.get("back"))


@post("/connections/{connection_id:int}/read", guards=[needs("change_connections")])
async def read_now(frame: TheFrame, sources: TheSources, data: Form, connection_id: FromPath[int]) -> Redirect:
    """Read a connection at once, also where it waits after a failure."""
    await sources.read_now(frame.viewer, connection_id)
    return after(Deed("asked", connection_id), data.get("back"))


@post("/connections/{connection_id:int}/pause", guards=[needs("change_connections")])
async def pause(frame: TheFrame, sources: TheSources, data: Form, connection_id: FromPath[int]) -> Redirect:
    """Stop reading a connection for the time being."""
    await sources.pause(frame.viewer, connection_id, True)
    return after(Deed("paused", connection_id), data.get("back"))


@post("/connections/{connection_id:int}/resume", guards=[needs("change_connections")])
async def resume(frame: TheFrame, sources: TheSources, data: Form, connection_id: FromPath[int]) -> Redirect:
    """Go on reading a connection."""
    await sources.pause(frame.viewer, connection_id, False)
    return after(Deed("resumed", connection_id), data.get("back"))
