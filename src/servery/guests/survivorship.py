"""The rules of survivorship that were chosen, in the database, and the guests whom they concern."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from servery.errors import Invalid
from servery.guests.rows import Db
from servery.model.survivorship import FIELDS, RULES, Chosen, ChosenField, Rule, may_be


class FieldRule(Struct, frozen=True, kw_only=True):
    """How one field is chosen now, what holds by default, and what may be chosen."""

    field: ChosenField
    now: Chosen
    usual: Rule
    may: tuple[Rule, ...]


class FieldRules(Struct, frozen=True, kw_only=True):
    """All fields, the connections that may own one by name, and how many guests are still to be made anew."""

    fields: Sequence[FieldRule]
    connections: Mapping[int, str]
    waiting: int = 0


class Example(Struct, frozen=True):
    """One guest who would have another value; values as text, empty for nothing."""

    guest_id: int
    name: str
    before: str
    after: str


class Effect(Struct, frozen=True, kw_only=True):
    """What another rule does to one field: how many guests have another value then.

    `looked_at` are those who were looked through, with `more` not all.
    """

    field: ChosenField
    before: Chosen
    after: Chosen
    changed: int
    looked_at: int
    more: bool = False
    examples: tuple[Example, ...] = ()


async def choices(db: Db) -> dict[str, Chosen]:
    """The rules that were chosen, by field; the others go by default."""
    cursor = await db.execute("select field, rule, connection_id from survivorship_rule")
    rules = {rule: rule for rule in RULES}
    return {row["field"]: Chosen(rules[row["rule"]], row["connection_id"]) for row in await cursor.fetchall()}


async def checked(db: Db, wanted: Mapping[str, Chosen | None]) -> dict[ChosenField, Chosen | None]:
    """Rules as they can be kept; None: by default. Invalid, with the field at fault."""
    known: dict[str, ChosenField] = {field: field for field in FIELDS}
    for field, chosen in wanted.items():
        if field not in known:
            raise Invalid("There is no field {name} to choose for.", field=field, name=field)
        if chosen is not None and chosen.rule not in may_be(known[field]):
            raise Invalid(
                "{name} cannot be chosen so: {rule}.",
                field=field,
                name=field,
                rule=chosen.rule,
                mend="Choose one of: {rules}.",
                rules=", ".join(may_be(known[field])),
            )
        if chosen is not None and (chosen.rule == "owner") != (chosen.connection_id is not None):
            raise Invalid("The owner is a connection, and no other rule has one.", field=field)
    named = {one.connection_id for one in wanted.values() if one and one.connection_id is not None}
    cursor = await db.execute("select id from connection where id = any(%s) and removed_at is null", [list(named)])
    if missing := named - {row["id"] for row in await cursor.fetchall()}:
        fault = next(field for field, one in wanted.items() if one and one.connection_id in missing)
        raise Invalid("There is no connection {id}.", field=fault, id=min(missing))
    return {known[field]: chosen for field, chosen in wanted.items()}


async def keep(db: Db, wanted: Mapping[ChosenField, Chosen | None]) -> None:
    """Keep rules, or with None the default again; guests whom they concern are made anew in the background."""
    for field, chosen in wanted.items():
        if chosen is None:
            await db.execute("delete from survivorship_rule where field = %s", [field])
        else:
            await db.execute(
                "insert into survivorship_rule (field, rule, connection_id) values (%s, %s, %s) "
                "on conflict (field) do update set rule = excluded.rule, connection_id = excluded.connection_id, "
                "changed_at = now()",
                [field, chosen.rule, chosen.connection_id],
            )
    await db.execute(
        "insert into guest_to_renew (guest_id, golden) select guest_id, true from source_guest "
        "where guest_id is not null group by guest_id having count(*) > 1"
    )


async def of_several_records(db: Db, after: int, most: int) -> list[int]:
    """Guests of more than one record, in order of their ids: between fewer nothing is chosen."""
    cursor = await db.execute(
        "select guest_id from source_guest where guest_id > %s group by guest_id having count(*) > 1 "
        "order by guest_id limit %s",
        [after, most],
    )
    return [row["guest_id"] for row in await cursor.fetchall()]


async def waiting(db: Db) -> int:
    """How many guests are still to be made anew."""
    cursor = await db.execute("select count(distinct guest_id) as n from guest_to_renew where golden")
    row = await cursor.fetchone()
    return int(row["n"]) if row else 0
