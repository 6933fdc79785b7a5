"""Reading Odoo: what a working set of credentials opens, and its records page by page.

Odoo keeps `write_date` to the microsecond and shows whole seconds, so a place in a list cannot be told by it. Pages go
by id through a span of it that is closed on both sides: a record that changes while they are read leaves the span, and
is in the next one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

from msgspec import Raw

from servery.connectors.contract import Account, Location, Page, Resource, Session, Span
from servery.connectors.odoo import bundles, catalogue
from servery.connectors.odoo.rpc import Odoo, Row
from servery.errors import NeedsPerson

_PER_PAGE = 200
_BY_MODIFIED = "write_date"
_DATE = "%Y-%m-%d %H:%M:%S"


async def check(session: Session) -> Account:
    """The company and its points of sale: those of restaurants, or those of the setting `points_of_sale`."""
    odoo = Odoo(session)
    context = await odoo.context()
    found = await odoo.search_read("pos.config", [])
    active = {str(each["id"]): each for each in found if each.get("active", True)}
    chosen = _chosen(session.settings.get("points_of_sale") or "", active)
    companies = await odoo.remembered("res.company", [_id(each["company_id"]) for each in chosen])
    zones = await _time_zones(odoo, companies, context)
    names = dict.fromkeys(str(each["name"]) for each in companies.values())
    return Account(", ".join(names) or "Odoo", tuple(_location(each, zones) for each in chosen))


def _chosen(wanted: str, active: Mapping[str, Row]) -> list[Row]:
    ids = [each.strip() for each in wanted.split(",") if each.strip()]
    for each in ids:
        if each not in active:
            raise NeedsPerson(
                "This Odoo has no active point of sale {point}.", field="points_of_sale", point=each,
                mend="Take one of these: {known}.",
                known=", ".join(f"{number} ({point['name']})" for number, point in active.items()),
            )  # fmt: skip
    if not active:
        raise NeedsPerson(
            "This user sees no point of sale in Odoo.", field="login",
            mend="Give the user the rights that are listed in the connector's README.",
        )  # fmt: skip
    restaurants = [each for each in active.values() if each.get("module_pos_restaurant")]
    return [active[each] for each in ids] or restaurants or list(active.values())


def _id(link: Any) -> int:
    return link[0] if isinstance(link, list) else 0


async def _time_zones(odoo: Odoo, companies: Mapping[int, Row], context: Mapping[str, Any]) -> Mapping[int, str | None]:
    """The time zone of each company: its own partner's, else that of the user, whom Odoo shows times by."""
    partners = await odoo.remembered("res.partner", [_id(each["partner_id"]) for each in companies.values()])
    own = {number: partners.get(_id(each["partner_id"]), {}).get("tz") for number, each in companies.items()}
    return {number: zone or context.get("tz") or None for number, zone in own.items()}


def _location(config: Row, zones: Mapping[int, str | None]) -> Location:
    currency = config["currency_id"]
    return Location(
        external_id=str(config["id"]),
        name=str(config["name"]),
        time_zone=zones.get(_id(config["company_id"])),
        currency=str(currency[1]) if isinstance(currency, list) else None,
    )


async def read(session: Session, resource: Resource, account: Account, span: Span | None, token: str | None) -> Page:
    """One page of `tables`, `products`, `partners` or `orders`; the token is the last id of the page before."""
    return await _READERS[resource.name](Odoo(session), account, span, int(token) if token else 0)


async def fetch(session: Session, resource: Resource, account: Account, ids: Sequence[str]) -> Page:
    """Partners or orders by their ids, as they are now."""
    numbers = [int(each) for each in ids if each.isascii() and each.isdigit()]
    odoo = Odoo(session)
    if resource.name == "partners":
        return Page(await bundles.partners(odoo, await odoo.by_id("res.partner", numbers)))
    if resource.name != "orders":
        return await read(session, resource, account, None, None)
    rows = await odoo.by_id("pos.order", numbers)
    return Page(await bundles.orders(odoo, account, [each for each in rows if _here(each, account)]))


def _here(order: Row, account: Account) -> bool:
    return str(_id(order["config_id"])) in {each.external_id for each in account.locations}


async def _orders(odoo: Odoo, account: Account, span: Span | None, after: int) -> Page:
    domain: list[Any] = [["config_id", "in", [int(each.external_id) for each in account.locations]]]
    if span is not None:
        domain += _changed(span) if span.axis == "modified" else _between("date_order", span)
    rows = await odoo.search_read("pos.order", [*domain, ["id", ">", after]], limit=_PER_PAGE)
    return _page(await bundles.orders(odoo, account, rows), rows)


def _changed(span: Span) -> list[Any]:
    """Orders with a change of their own, of a line or of a payment: neither touches its order in every version."""
    own, lines, payments = (_between(f"{path}{_BY_MODIFIED}", span) for path in ("", "lines.", "payment_ids."))
    return ["|", "|", "&", *own, "&", *lines, "&", *payments]


def _between(name: str, span: Span) -> list[Any]:
    # Odoo reads whole seconds only: the span is widened to them rather than cut.
    since = span.since.astimezone(UTC).replace(microsecond=0)
    until = (span.until.astimezone(UTC) + timedelta(seconds=1)).replace(microsecond=0)
    return [[name, ">=", since.strftime(_DATE)], [name, "<", until.strftime(_DATE)]]


async def _partners(odoo: Odoo, account: Account, span: Span | None, after: int) -> Page:
    """Whoever may be a guest: not staff who sign in to Odoo, not its own companies, not mere suppliers."""
    domain: list[Any] = [["id", ">", after], ["active", "in", [True, False]]]
    if span is not None:
        domain += _between(_BY_MODIFIED if span.axis == "modified" else "create_date", span)
    there = await odoo.fields("res.partner")
    if "partner_share" in there:
        domain.append(["partner_share", "=", True])
    if "ref_company_ids" in there:
        domain.append(["ref_company_ids", "=", False])
    if {"customer_rank", "supplier_rank"} <= there:
        domain += ["|", ["supplier_rank", "=", 0], ["customer_rank", ">", 0]]
    rows = await odoo.search_read("res.partner", domain, limit=_PER_PAGE)
    return _page(await bundles.partners(odoo, rows), rows)


async def _tables(odoo: Odoo, account: Account, span: Span | None, after: int) -> Page:
    # Read hourly: time to ask anew for names of tags, taxes and the like, too.
    odoo.known.rows.clear()
    return Page([await bundles.tables(odoo, each.external_id) for each in account.locations])


async def _products(odoo: Odoo, account: Account, span: Span | None, after: int) -> Page:
    return Page([await catalogue.menu(odoo, account)])


def _page(records: Sequence[Raw], rows: Sequence[Row]) -> Page:
    return Page(records, str(rows[-1]["id"]) if len(rows) == _PER_PAGE else None)


_READERS: Mapping[str, Callable[[Odoo, Account, Span | None, int], Awaitable[Page]]] = {
    "tables": _tables,
    "products": _products,
    "partners": _partners,
    "orders": _orders,
}
