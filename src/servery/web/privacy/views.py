"""The routes of privacy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import msgspec
from litestar import MediaType, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from servery.errors import Invalid, Refuse
from servery.model.guest import SourceGuest
from servery.privacy.consent import CHANNELS, PURPOSES, Said
from servery.privacy.controller import LONGEST, Controller, Written
from servery.privacy.requests import KINDS, OUTCOMES
from servery.privacy.retention import KINDS as KEPT
from servery.privacy.retention import SUGGESTED
from servery.web.assets import addresses
from servery.web.deeds import Deed, after
from servery.web.forms import Form, choice, number
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.privacy.paper import STYLE, export_html, notice_html, register_html
from servery.web.privacy.sources import ThePrivacy
from servery.web.privacy.words import (
    STATES,
    channels,
    controller_fields,
    kept,
    purposes,
    request_kinds,
    states,
)
from servery.web.render import Asked, page, with_status

_GUARDS = [needs("handle_privacy")]
_PAGE = "/privacy"


@get("/privacy", guards=_GUARDS)
async def privacy(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, guest: FromQuery[str] = "", kind: FromQuery[str] = "access"
) -> Response[str]:
    """What guests asked for, who was erased, and what is kept how long."""
    return await _page(request, frame, privacy, {"guest_id": guest, "kind": kind})


@post("/privacy/requests", guards=_GUARDS)
async def open_request(request: Asked, frame: TheFrame, privacy: ThePrivacy, data: Form) -> Response[str] | Redirect:
    """Start the clock of a request."""
    try:
        guest = data.get("guest_id", "").strip()
        made = await privacy.open_request(
            frame.viewer,
            choice(data.get("kind", ""), KINDS, "kind"),
            _day(data.get("received_on", "")),
            number(guest, "guest_id") if guest else None,
            data.get("asked_by", "").strip()[:500],
        )
    except Refuse as wrong:
        return with_status(await _page(request, frame, privacy, data, wrong), 422)
    return after(Deed("request-noted", made.id), _PAGE)


@post("/privacy/requests/{request_id:int}/extend", guards=_GUARDS)
async def extend_request(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, data: Form, request_id: FromPath[int]
) -> Response[str] | Redirect:
    """Take two months more."""
    try:
        await privacy.extend_request(frame.viewer, request_id, data.get("reason", "")[:500])
    except Refuse as wrong:
        return with_status(await _page(request, frame, privacy, {}, wrong), 422)
    return after(Deed("request-noted", request_id), _PAGE)


@post("/privacy/requests/{request_id:int}/close", guards=_GUARDS)
async def close_request(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, data: Form, request_id: FromPath[int]
) -> Response[str] | Redirect:
    """Stop the clock."""
    try:
        await privacy.close_request(frame.viewer, request_id, choice(data.get("outcome", ""), OUTCOMES, "outcome"))
    except Refuse as wrong:
        return with_status(await _page(request, frame, privacy, {}, wrong), 422)
    return after(Deed("request-closed", request_id), _PAGE)


@post("/privacy/requests/{request_id:int}/reopen", guards=_GUARDS)
async def reopen_request(frame: TheFrame, privacy: ThePrivacy, request_id: FromPath[int]) -> Redirect:
    """Let the clock run on: it was stopped by mistake."""
    await privacy.reopen_request(frame.viewer, request_id)
    return after(Deed("request-open", request_id), _PAGE)


@post("/privacy/receipts/{receipt_id:int}/done", guards=_GUARDS)
async def receipt_done(frame: TheFrame, privacy: ThePrivacy, receipt_id: FromPath[int]) -> Redirect:
    """A person erased a guest in a system by hand."""
    await privacy.receipt_done(frame.viewer, receipt_id)
    return after(Deed("request-noted", receipt_id), _PAGE)


@post("/privacy/let-in", guards=_GUARDS)
async def let_in(request: Asked, frame: TheFrame, privacy: ThePrivacy, data: Form) -> Response[str] | Redirect:
    """Let somebody in again who was erased."""
    given = {name: data.get(name, "").strip()[:300] for name in ("name", "email", "phone")}
    try:
        if not (given["email"] or given["phone"]):
            raise Invalid("Write an e-mail address or a phone number.", field="email")
        person = SourceGuest(name=given["name"] or None, email=given["email"] or None, phone=given["phone"] or None)
        line = await privacy.let_in(frame.viewer, person)
    except Refuse as wrong:
        return with_status(await _page(request, frame, privacy, given, wrong), 422)
    return after(Deed("let-in", line), _PAGE)


@get("/privacy/retention/{kind:str}", guards=_GUARDS)
async def would_go(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, kind: FromPath[str], months: FromQuery[str] = ""
) -> Response[str]:
    """What would go after so many months, before anything does."""
    chosen = choice(kind, KEPT, "kind")
    try:
        found = await privacy.would_go(frame.viewer, chosen, number(months, "months") if months else SUGGESTED[chosen])
    except Refuse as wrong:
        return with_status(await _page(request, frame, privacy, {}, wrong), 422)
    return page(request, frame, "privacy/old.html", tab="guests", found=found, kept=kept(frame.words))


@post("/privacy/retention/{kind:str}", guards=_GUARDS)
async def keep(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, data: Form, kind: FromPath[str]
) -> Response[str] | Redirect:
    """Choose how long something is kept."""
    try:
        months = data.get("months", "").strip()
        chosen = number(months, "months") if months else None
        await privacy.keep(frame.viewer, choice(kind, KEPT, "kind"), chosen)
    except Refuse as wrong:
        return with_status(await _page(request, frame, privacy, {}, wrong), 422)
    return after(Deed("request-noted", chosen or 0), _PAGE)


@get("/guests/{guest_id:int}/consent", guards=_GUARDS)
async def consents(request: Asked, frame: TheFrame, privacy: ThePrivacy, guest_id: FromPath[int]) -> Response[str]:
    """What a guest agreed to: what holds now, and line by line how it came to that."""
    return await _ledger(request, frame, privacy, guest_id, {})


@post("/guests/{guest_id:int}/consent", guards=_GUARDS)
async def note_consent(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, data: Form, guest_id: FromPath[int]
) -> Response[str] | Redirect:
    """Write down what a guest said."""
    try:
        said = Said(
            state=choice(data.get("state", ""), STATES, "state"),
            channel=choice(data.get("channel", ""), CHANNELS, "channel"),
            purpose=choice(data.get("purpose", ""), PURPOSES, "purpose"),
            text_version=data.get("text_version", "").strip()[:100] or None,
            source=data.get("source", "").strip()[:100] or "guest",
        )
        line = await privacy.note_consent(frame.viewer, guest_id, said)
    except Invalid as wrong:
        return with_status(await _ledger(request, frame, privacy, guest_id, data, wrong), 422)
    return after(Deed("consent-noted", line.id), f"/guests/{guest_id}/consent")


async def _ledger(
    request: Asked, frame: Frame, privacy: ThePrivacy, guest_id: int, given: dict[str, str], wrong: Refuse | None = None
) -> Response[str]:
    return page(
        request,
        frame,
        "privacy/consent.html",
        tab="guests",
        ledger=await privacy.consents(frame.viewer, guest_id),
        given={"state": "", "channel": "any", "purpose": PURPOSES[0], "text_version": "", "source": "", **given},
        wrong=wrong.told(frame.words.gettext) if wrong else None,
        channels=channels(frame.words),
        purposes=purposes(frame.words),
        states=states(frame.words),
    )


@get("/guests/{guest_id:int}/erase", guards=_GUARDS)
async def ask_to_erase(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, guest_id: FromPath[int]
) -> Response[str] | Redirect:
    """Ask once more, and show of whom: an erasure cannot be undone."""
    found = await privacy.before(frame.viewer, guest_id)
    if found.guest_id != guest_id:
        return Redirect(f"/guests/{found.guest_id}/erase")
    return page(request, frame, "privacy/erase.html", tab="guests", guest=found, wrong=None)


@post("/guests/{guest_id:int}/erase", guards=_GUARDS)
async def erase(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, data: Form, guest_id: FromPath[int]
) -> Response[str] | Redirect:
    """Erase the guest who was looked at; where it is somebody else by now, show who."""
    try:
        erased = await privacy.erase(frame.viewer, guest_id, data.get("seen", ""))
    except Invalid as wrong:
        found, told = await privacy.before(frame.viewer, guest_id), wrong.told(frame.words.gettext)
        return with_status(page(request, frame, "privacy/erase.html", tab="guests", guest=found, wrong=told), 409)
    return after(Deed("guest-erased", erased.id), _PAGE)


@get("/guests/{guest_id:int}/export.json", guards=_GUARDS)
async def export_json(frame: TheFrame, privacy: ThePrivacy, guest_id: FromPath[int]) -> Response[bytes]:
    """Everything about a guest, for programs."""
    whole = msgspec.json.format(msgspec.json.encode(await privacy.export(frame.viewer, guest_id)))
    return _file(whole, f"guest-{guest_id}.json", "application/json")


@get("/guests/{guest_id:int}/export.html", guards=_GUARDS)
async def export_page(frame: TheFrame, privacy: ThePrivacy, guest_id: FromPath[int]) -> Response[bytes]:
    """Everything about a guest, for people."""
    html = export_html(await privacy.export(frame.viewer, guest_id), frame.words)
    return _file(html.encode(), f"guest-{guest_id}.html", "text/html")


@get("/privacy/notice", guards=_GUARDS)
async def notice(frame: TheFrame, privacy: ThePrivacy) -> Response[str]:
    """The notice for guests, for staff to look at."""
    html = notice_html(await privacy.register(frame.viewer), frame.words, addresses()[STYLE], for_staff=True)
    return Response(html, media_type=MediaType.HTML)


@get("/privacy/notice.html", guards=_GUARDS)
async def notice_file(frame: TheFrame, privacy: ThePrivacy) -> Response[bytes]:
    """The notice as a file that stands by itself, to be put on the restaurant's own site."""
    html = notice_html(await privacy.register(frame.viewer), frame.words)
    return _file(html.encode(), f"privacy-notice-{frame.words.language}.html", "text/html")


@post("/privacy/controller", guards=_GUARDS)
async def write_controller(
    request: Asked, frame: TheFrame, privacy: ThePrivacy, data: Form
) -> Response[str] | Redirect:
    """Write down who answers for guests' data."""

    def wanted(now: Written) -> Controller:
        if data.get("seen") != str(now.revision):
            raise Invalid("Somebody has changed this meanwhile. Look at it, and write anew.", code="changed-meanwhile")
        return Controller(**{name: data.get(name, "") for name in LONGEST})

    try:
        made = await privacy.write_controller(frame.viewer, wanted)
    except Invalid as wrong:
        stale = wrong.code == "changed-meanwhile"
        answer = await _page(request, frame, privacy, {}, wrong, {} if stale else data)
        return with_status(answer, 409 if stale else 422)
    return after(Deed("controller-written", made.revision), _PAGE)


@post("/privacy/controller/{revision:int}/undo", guards=_GUARDS)
async def take_back_controller(frame: TheFrame, privacy: ThePrivacy, revision: FromPath[int]) -> Redirect:
    """Let stand what stood there before."""
    made = await privacy.take_back_controller(frame.viewer, revision)
    return after(Deed("controller-back", made.revision), _PAGE)


@get("/privacy/register", guards=_GUARDS)
async def register(frame: TheFrame, privacy: ThePrivacy) -> Response[str]:
    """The register of processing."""
    html = register_html(await privacy.register(frame.viewer), frame.words, addresses()[STYLE], for_staff=True)
    return Response(html, media_type=MediaType.HTML)


async def _page(
    request: Asked,
    frame: Frame,
    privacy: ThePrivacy,
    given: dict[str, str],
    wrong: Refuse | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response[str]:
    """The whole page; `typed` is what was put into the form of the controller, with which `wrong` then is."""
    viewer, today = frame.viewer, frame.notation.local_day(datetime.now(UTC))
    return page(
        request,
        frame,
        "privacy/page.html",
        tab="guests",
        given={
            "guest_id": "",
            "kind": "access",
            "asked_by": "",
            "received_on": today.isoformat(),
            "name": "",
            "email": "",
            "phone": "",
            **given,
        },
        wrong=wrong.told(frame.words.gettext) if wrong else None,
        wrong_at=wrong.field if wrong and typed else None,
        typed=typed,
        answering=await privacy.controller(viewer),
        fields=controller_fields(frame.words),
        longest=LONGEST,
        today=today,
        open_requests=await privacy.requests(viewer),
        closed_requests=(await privacy.requests(viewer, closed=True))[:20],
        erasures=await privacy.erasures(viewer),
        rules=await privacy.retention(viewer),
        runs=(await privacy.retention_runs(viewer))[:10],
        kinds=request_kinds(frame.words),
        kept=kept(frame.words),
    )


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Invalid("This is no date.", field="received_on") from None


def _file(content: bytes, name: str, kind: str) -> Response[bytes]:
    disposition = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=disposition)
