"""Privacy: what guests ask for under the law, everything that is held of one, erasing them, and what they agreed to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import Meta, Struct

from servery.api.asked import Id, demand, done, replaced, shown
from servery.api.problem import Asked
from servery.api.single import demand_match, single
from servery.errors import NotFound
from servery.model.guest import Consent, SourceGuest
from servery.model.viewer import Right, Viewer
from servery.privacy import consent, receipts
from servery.privacy.controller import Controller, Written
from servery.privacy.handling import Handling
from servery.privacy.requests import Kind, Outcome, Request


class SubjectRequest(Struct, frozen=True, kw_only=True):
    """What a guest asked for, and until when it is to be answered."""

    id: int
    kind: Kind
    guest_id: int | None
    asked_by: Annotated[str | None, Meta(description="How the guest can be answered; goes when they are erased.")]
    received_on: date
    due_on: Annotated[date, Meta(description="One month after it was received; three where it was extended.")]
    extended_on: date | None
    extension_reason: str | None
    closed_at: datetime | None
    outcome: Outcome | None


class SubjectRequests(Struct, frozen=True):
    """Requests: open ones with what is due first at the top, closed ones with the latest."""

    items: tuple[SubjectRequest, ...]


class NewRequest(Struct, frozen=True, kw_only=True):
    """A request of a guest."""

    kind: Kind
    received_on: date
    guest_id: int | None = None
    asked_by: Annotated[str, Meta(max_length=500)] | None = None


class Extension(Struct, frozen=True):
    """Why it takes longer, as the guest is told."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Closing(Struct, frozen=True):
    """What came of a request."""

    outcome: Outcome


class Receipt(Struct, frozen=True, kw_only=True):
    """One record in another system. `external_id` is there until it is done, so that it can be found by hand."""

    id: int
    connection_id: int
    way: Annotated[
        receipts.Way,
        Meta(description="A record is erased there, a message tells the other side, or our files are written anew."),
    ]
    external_id: str | None
    state: receipts.State
    outcome: receipts.Outcome | None
    done_at: datetime | None


class Erasure(Struct, frozen=True, kw_only=True):
    """An erasure: how much was emptied, and what came of it in each system."""

    id: int
    at: datetime
    reason: str
    counts: dict[str, int]
    cleaned_at: Annotated[datetime | None, Meta(description="When the database's own files were clean of it.")]
    receipts: tuple[Receipt, ...]


class Erasures(Struct, frozen=True):
    """The latest erasures."""

    items: tuple[Erasure, ...]


class ConsentLine(Struct, frozen=True, kw_only=True):
    """One line of the ledger."""

    at: datetime
    channel: consent.Channel
    purpose: str
    state: Consent
    text_version: Annotated[str | None, Meta(description="Which text the guest agreed to.")]
    source: str
    by_guest: Annotated[bool, Meta(description="The guest's own word, written down here.")]
    written_by: Annotated[str, Meta(description="Who wrote it down; Servery for what a system says.")]


class Consents(Struct, frozen=True, kw_only=True):
    """What a guest agreed to: what holds now by channel, for marketing, and the ledger it comes of."""

    standing: dict[consent.Channel, Consent]
    items: tuple[ConsentLine, ...]


class NewConsent(Struct, frozen=True, kw_only=True):
    """What a guest said."""

    state: Consent
    channel: consent.Channel = "any"
    purpose: Annotated[str, Meta(min_length=1, max_length=50)] = consent.MARKETING
    text_version: Annotated[str, Meta(max_length=100)] | None = None
    """Which text the guest saw; needed where they agreed."""
    source: Annotated[str, Meta(min_length=1, max_length=100, description="Where or how they said it.")] = "guest"


class NewLetIn(Struct, frozen=True, kw_only=True):
    """Who is to be let in again: the name as it was, and one contact that they had then."""

    name: Annotated[str, Meta(max_length=300)] | None = None
    email: Annotated[str, Meta(max_length=300)] | None = None
    phone: Annotated[str, Meta(max_length=100)] | None = None


class ControllerFacts(Struct, frozen=True, kw_only=True):
    """Who answers for guests' data, as guests are told."""

    name: Annotated[str, Meta(description="The company or person that runs the house.")]
    address: Annotated[str, Meta(description="The postal address; lines stay lines.")]
    email: Annotated[str, Meta(description="For questions on privacy.")]
    phone: str | None = None
    website: Annotated[str | None, Meta(description="Begins with https:// or http://.")] = None
    officer: Annotated[str | None, Meta(description="The data protection officer: name and contact.")] = None
    authority: Annotated[str | None, Meta(description="The supervisory authority that guests may complain to.")] = None
    authority_website: str | None = None


class ControllerWritten(Struct, frozen=True, kw_only=True):
    """Who is written down as answering for guests' data; null while nobody is."""

    controller: ControllerFacts | None
    changed_at: datetime | None


class LetIn(Struct, frozen=True):
    """That somebody was let in again. It names nobody."""

    id: int


ThePrivate = NamedDependency[SkipValidation[Handling]]
_RIGHT: Right = "handle_privacy"


@shown("/privacy/requests", tags=["Privacy"])
async def subject_requests(
    request: Asked,
    private: ThePrivate,
    closed: Annotated[bool, QueryParameter(description="Those that are closed.")] = False,
) -> Response[SubjectRequests]:
    """What guests asked for."""
    demand(request, _RIGHT)
    found = await private.requests(request.user, closed=closed)
    return Response(SubjectRequests(tuple(map(_request, found))))


@done("/privacy/requests", tags=["Privacy"])
async def open_subject_request(
    request: Asked, private: ThePrivate, data: JSONBody[NewRequest]
) -> Response[SubjectRequest]:
    """Start the clock of a request."""
    demand(request, _RIGHT)
    made = await private.open_request(request.user, data.kind, data.received_on, data.guest_id, data.asked_by)
    return Response(_request(made))


@done("/privacy/requests/{request_id:int}/extend", tags=["Privacy"])
async def extend_subject_request(
    request: Asked, private: ThePrivate, request_id: Id, data: JSONBody[Extension]
) -> Response[SubjectRequest]:
    """Take two months more, which the guest must be told within the first."""
    demand(request, _RIGHT)
    return Response(_request(await private.extend_request(request.user, request_id, data.reason)))


@done("/privacy/requests/{request_id:int}/close", tags=["Privacy"])
async def close_subject_request(
    request: Asked, private: ThePrivate, request_id: Id, data: JSONBody[Closing]
) -> Response[SubjectRequest]:
    """Stop the clock."""
    demand(request, _RIGHT)
    return Response(_request(await private.close_request(request.user, request_id, data.outcome)))


@shown("/guests/{guest_id:int}/export", tags=["Privacy"])
async def export_guest(request: Asked, private: ThePrivate, guest_id: Id) -> Response[dict[str, Any]]:
    """Everything that is held of a guest, as it is held. Amounts are in minor units."""
    demand(request, _RIGHT)
    whole: dict[str, Any] = msgspec.to_builtins(await private.export(request.user, guest_id))
    return Response(whole)


@done("/guests/{guest_id:int}/erase", tags=["Privacy"])
async def erase_guest(request: Asked, private: ThePrivate, guest_id: Id) -> Response[Erasure]:
    """Erase a guest here and in each system that can be told. It cannot be undone."""
    demand(request, _RIGHT)
    erased = await private.erase(request.user, guest_id)
    return Response(_erasure(await _one(private, request.user, erased.id)))


@shown("/privacy/erasures", tags=["Privacy"])
async def erasures(request: Asked, private: ThePrivate) -> Response[Erasures]:
    """The latest erasures, with a receipt for each record in each system."""
    demand(request, _RIGHT)
    return Response(Erasures(tuple(map(_erasure, await private.erasures(request.user)))))


@done("/privacy/receipts/{receipt_id:int}/done", tags=["Privacy"])
async def receipt_done(request: Asked, private: ThePrivate, receipt_id: Id) -> Response[Erasures]:
    """Say that a record was erased by hand in its system."""
    demand(request, _RIGHT)
    await private.receipt_done(request.user, receipt_id)
    return Response(Erasures(tuple(map(_erasure, await private.erasures(request.user)))))


@shown("/guests/{guest_id:int}/consent", tags=["Privacy"])
async def guest_consent(request: Asked, private: ThePrivate, guest_id: Id) -> Response[Consents]:
    """What a guest agreed to."""
    demand(request, _RIGHT)
    return Response(_consents(await private.consents(request.user, guest_id)))


@done("/guests/{guest_id:int}/consent", tags=["Privacy"])
async def note_guest_consent(
    request: Asked, private: ThePrivate, guest_id: Id, data: JSONBody[NewConsent]
) -> Response[Consents]:
    """Write down what a guest said: it holds until a source says something else after it."""
    demand(request, _RIGHT)
    await private.note_consent(request.user, guest_id, msgspec.convert(data, consent.Said, from_attributes=True))
    return Response(_consents(await private.consents(request.user, guest_id)))


@shown("/privacy/controller", tags=["Privacy"])
async def controller(request: Asked, private: ThePrivate) -> Response[ControllerWritten]:
    """Who answers for guests' data, as the notice and the register tell it."""
    demand(request, _RIGHT)
    return single(request, _written(await private.controller(request.user)))


@replaced("/privacy/controller", tags=["Privacy"])
async def write_controller(
    request: Asked, private: ThePrivate, data: JSONBody[ControllerFacts]
) -> Response[ControllerWritten]:
    """Write down who answers for guests' data, whole: what is left out is empty. If-Match names what is replaced."""
    demand(request, _RIGHT)

    def wanted(now: Written) -> Controller:
        demand_match(request, _written(now))
        return msgspec.convert(data, Controller, from_attributes=True)

    return single(request, _written(await private.write_controller(request.user, wanted)))


@done("/privacy/let-in", tags=["Privacy"])
async def let_in_again(request: Asked, private: ThePrivate, data: JSONBody[NewLetIn]) -> Response[LetIn]:
    """Let somebody in again who was erased and asks for it. What was erased does not come back."""
    demand(request, _RIGHT)
    person = SourceGuest(name=data.name, email=data.email, phone=data.phone)
    return Response(LetIn(await private.let_in(request.user, person)))


def _request(one: Request) -> SubjectRequest:
    return msgspec.convert(one, SubjectRequest, from_attributes=True)


def _written(found: Written) -> ControllerWritten:
    return msgspec.convert(found, ControllerWritten, from_attributes=True)


def _consents(ledger: consent.Ledger) -> Consents:
    return Consents(standing=dict(ledger.by_channel()), items=tuple(_line(ledger, one) for one in ledger.lines))


def _line(ledger: consent.Ledger, one: consent.Line) -> ConsentLine:
    told = {name: getattr(one, name) for name in ConsentLine.__struct_fields__ if name != "written_by"}
    return ConsentLine(**told, written_by=ledger.written_by(one))


def _erasure(one: receipts.Erasure) -> Erasure:
    return msgspec.convert(one, Erasure, from_attributes=True)


async def _one(private: Handling, viewer: Viewer, erasure_id: int) -> receipts.Erasure:
    found = await private.erasures(viewer, erasure_id)
    if not found:
        raise NotFound("There is no erasure {id}.", id=erasure_id)
    return found[0]
