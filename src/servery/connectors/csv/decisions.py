"""The decisions of a plan, each from the evidence, with its reason; a person is asked where there is not enough."""

from collections.abc import Sequence

from servery.connectors.csv.amounts import StyleEvidence
from servery.connectors.csv.columns import Columns
from servery.connectors.csv.dates import DateEvidence, readings
from servery.connectors.csv.evidence import is_product, meaning_of_amounts, same_all_over
from servery.connectors.csv.mapping import Amounts, DateOrder, Decimals, FileKind
from servery.connectors.csv.outcome import shown
from servery.connectors.csv.words import fields, folded
from servery.errors import Invalid, NeedsPerson

_NEEDED: dict[FileKind, tuple[tuple[str, ...], ...]] = {
    "orders": (("date",), ("amount", "price", "check_total", "item", "product_id")),
    "reservations": (("date",), ("party_size",)),
    "guests": (("guest_name", "guest_given_name", "guest_family_name", "guest_email", "guest_phone", "guest_id"),),
    "menu": (("item",),),
}
"""Of each of these groups a file of that kind gives at least one field."""
_CALLED = {
    "date": "the date",
    "amount": "the price or amount of a line",
    "party_size": "the party size",
    "guest_name": "the guest's name or contact",
    "item": "the item's name",
    "check": "the check",
    "time": "the time of day",
}
_ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}


def require_columns(kind: FileKind, columns: Columns, header: Sequence[str], name: str, *, has_venue: bool) -> None:
    """Refuse a file that lacks a column without which its rows mean nothing."""
    for group in _NEEDED[kind]:
        if not any(field in columns for field in group):
            raise _missing(group[0], kind, header, name)
    if kind != "guests" and not has_venue and "venue" not in columns:
        raise Invalid(
            "{name} has no column that names the venue. Its header is: {header}.",
            field="venue", code="no-venue", name=name, header=", ".join(map(shown, header)),
            mend='Name the venue with --venue, or the column in a map file: [columns] venue = "…".',
        )  # fmt: skip


def _missing(field: str, kind: FileKind, header: Sequence[str], name: str) -> Invalid:
    return Invalid(
        "{name} has no column for {what}, which a file of {kind} needs. Its header is: {header}.",
        field="map", code=f"no-{field.replace('_', '-')}", name=name, what=_CALLED[field], kind=kind,
        header=", ".join(map(shown, header)), column=field,
        mend='If one of these is it, write in a file [columns] {column} = "its header" and give that file with --map.',
    )  # fmt: skip


def require_times(
    kind: FileKind, columns: Columns, seen: dict[str, DateEvidence], header: Sequence[str], name: str
) -> None:
    """Refuse reservations without a time of day, and orders whose lines nothing joins into checks."""
    timed = "time" in columns or any(seen[each].timed for each in columns.get("date", ()))
    if kind == "reservations" and not timed:
        raise _missing("time", kind, header, name)
    by = ("table", "guest_id", "guest_email", "guest_phone", "guest_name")
    if kind == "orders" and "check" not in columns and not timed and not any(field in columns for field in by):
        raise _missing("check", kind, header, name)


def decided_decimal(style: StyleEvidence, reasons: dict[str, str]) -> Decimals:
    """The decimal sign of the file's numbers."""
    if style.decided is None and style.doubtful:
        line, text = style.doubtful
        sign = "," if "," in text else "."
        raise NeedsPerson(
            'The number {text} in line {line} may have "{sign}" before its decimals or between its thousands, and no '
            "other number in the file tells.",
            field="decimal", code="ambiguous-numbers", text=shown(text), line=line, sign=sign, other=",."[sign == ","],
            mend='Write in a file [options] decimal = "{sign}" or decimal = "{other}" and give that file with --map.',
        )  # fmt: skip
    decided = style.decided or "."
    if style.counts[decided]:
        reasons["decimal"] = f'{style.counts[decided]} different numbers have "{decided}" before their decimals'
    return decided


def decided_order(seen: dict[str, DateEvidence], reasons: dict[str, str]) -> DateOrder | None:
    """The order of day, month and year in the file's dates; None when no date depends on it."""
    proofs = {order: proof for each in seen.values() for order, proof in each.proofs.items()}
    if len(proofs) > 1:
        raise _contradiction(proofs)
    for each in seen.values():
        if len(each.open_orders) > 1 and not (proofs and not each.maybe_year_first):
            doubt = each.doubtful or next(iter(each.proofs.values()))
            raise _ambiguous(doubt, each.open_orders)
    for order, (line, text) in proofs.items():
        reasons["date_order"] = f"{shown(text)} in line {line} can only be {_ORDERS[order]}"
        return order
    return None


def _ambiguous(doubt: tuple[int, str], orders: tuple[DateOrder, ...]) -> NeedsPerson:
    line, text = doubt
    meanings = " or ".join(f"{day:%-d %B %Y} (--date-order {order})" for order, day in readings(text, orders))
    return NeedsPerson(
        "The date {text} in line {line} may be {meanings}, and no other date in the file tells.",
        field="date_order", code="ambiguous-dates", text=shown(text), line=line, meanings=meanings,
        mend="Say which with --date-order.",
    )  # fmt: skip


def _contradiction(proofs: dict[DateOrder, tuple[int, str]]) -> NeedsPerson:
    told = " but ".join(
        f"{shown(text)} in line {line} can only be {_ORDERS[order]}" for order, (line, text) in proofs.items()
    )
    return NeedsPerson(
        "The dates contradict each other: {told}.", field="date_order", code="contradicting-dates", told=told,
        mend="Say with --date-order how dates are to be read; rows that do not fit are rejected.",
    )  # fmt: skip


def settle_ids(kind: FileKind, columns: Columns, repeats: int, rows: int, reasons: dict[str, str]) -> None:
    """Decide what a column called only ID holds; one that repeats is never the rows' own id."""
    names = columns.pop("id", None)
    if kind == "orders" and names:
        if repeats and "check" not in columns:
            columns["check"] = names
            reasons["check"] = f"{names[0]} repeats, so it is the check's"
        elif not repeats and "line_id" not in columns:
            columns["line_id"] = names
            reasons["line_id"] = f"{names[0]} never repeats, so it is the line's"
    own = {"reservations": "reservation", "guests": "guest_id", "menu": "product_id"}.get(kind)
    if own and repeats * 2 > rows:
        reasons[own] = f"{columns.pop(own)[0]} repeats too often to be the rows' own id"


def check_totals(
    columns: Columns, header: Sequence[str], sample: list[list[str]], style: Decimals, reasons: dict[str, str]
) -> None:
    """Tell a column called Total that sums up the check from one that sums up the line."""
    names = columns.get("amount")
    if not names or "check" not in columns or "check_total" in columns:
        return
    if folded(names[0]) not in fields("orders")["check_total"].words:
        return
    check, total = header.index(columns["check"][0]), header.index(names[0])
    if "price" in columns:
        quantity = header.index(columns["quantity"][0]) if "quantity" in columns else None
        if is_product(sample, quantity, header.index(columns["price"][0]), total, style):
            return
    if same_all_over(sample, check, total) >= (1 if "price" in columns else 3):
        columns["check_total"] = columns.pop("amount")
        reasons["check_total"] = f"{names[0]} is the same on all lines of a check"


def decided_amounts(
    columns: Columns, header: Sequence[str], sample: list[list[str]], style: Decimals, reasons: dict[str, str]
) -> Amounts:
    """Whether the amounts are before or after the discounts."""
    if "amount" not in columns or "discount" not in columns:
        return "paid"
    if "price" in columns and "quantity" in columns:
        quantity, price, amount = (header.index(columns[field][0]) for field in ("quantity", "price", "amount"))
        discounts = tuple(header.index(name) for name in columns["discount"])
        decided = meaning_of_amounts(sample, (quantity, price, amount), discounts, style)
        if decided:
            reasons["amounts"] = "quantity × price " + ("is the amount" if decided == "gross" else "less discounts is")
            return decided
    reasons["amounts"] = f"{columns['amount'][0]} is taken as paid, after discounts"
    return "paid"


def per_check(columns: Columns, header: Sequence[str], sample: list[list[str]]) -> tuple[str, ...]:
    """Of tip, tax and service charge, those that stand on every line of a check but belong to the whole of it."""
    if "check" not in columns:
        return ()
    check = header.index(columns["check"][0])
    sums = [field for field in ("tip", "tax", "service_charge") if field in columns]
    return tuple(field for field in sums if same_all_over(sample, check, header.index(columns[field][0])))
