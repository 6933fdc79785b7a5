"""The methods that programs call: reading, writing, and what a till does when it synchronises."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from servery.connectors.odoo.simulator import domain, troubles
from servery.connectors.odoo.simulator.database import Database, Row
from servery.connectors.odoo.simulator.world import World

_LABELS = {
    "pos.order": "Point of Sale Orders", "pos.order.line": "Point of Sale Order Lines", "res.partner": "Contact",
}  # fmt: skip
_SETTLED = ("paid", "done", "invoiced")
Rule = Callable[[Row], bool]


class Rights:
    """What the user may not see: fields by model, whole models, and records that a rule hides."""

    def __init__(
        self, hidden: Collection[tuple[str, str]] = (), models: Collection[str] = (), rules: Mapping[str, Rule] = {}
    ) -> None:
        self.hidden, self.models, self.rules = set(hidden), set(models), dict(rules)

    def may_read(self, model: str) -> None:
        """Trouble where the model is not for this user."""
        if model in self.models:
            raise troubles.hidden_model(model, _LABELS.get(model, model))

    def may_see(self, model: str, row: Row) -> bool:
        """Whether no rule hides the record."""
        rule = self.rules.get(model)
        return rule is None or rule(row)


class Methods:
    """The public methods of all models, on one database."""

    def __init__(self, database: Database, world: World, rights: Rights) -> None:
        self._db, self._world, self._rights = database, world, rights
        self.told: list[int] = []
        """The tills that were told of a change, one entry for each time."""

    @property
    def models(self) -> Collection[str]:
        """The models that are installed."""
        return self._db.models

    def call(self, model: str, method: str, ids: Sequence[int], named: Mapping[str, Any]) -> Any:
        """What a method gives back."""
        own: dict[tuple[str, str], Callable[..., Any]] = {
            ("res.users", "context_get"): self._context,
            ("pos.order", "sync_from_ui"): self._sync_from_ui,
            ("pos.order", "action_pos_order_cancel"): self._cancel,
            ("pos.config", "notify_synchronisation"): self._notify,
        }
        if (model, method) in own and not (method == "sync_from_ui" and self._db.version < 18):
            return own[model, method](ids, **named)
        general: dict[str, Callable[..., Any]] = {
            "fields_get": self._fields_get, "search": self._search, "search_count": self._count, "read": self._read,
            "search_read": self._search_read, "create": self._create, "write": self._write, "unlink": self._unlink,
        }  # fmt: skip
        if method not in general:
            raise troubles.Trouble("builtins.AttributeError", f"The method '{model}.{method}' does not exist", 404)
        self._rights.may_read(model)
        return general[method](model, ids, **named)

    def _context(self, ids: Sequence[int]) -> dict[str, Any]:
        return {"lang": "en_US", "tz": self._world.stage.venue.time_zone, "uid": self._world.user}

    def _fields_get(self, model: str, ids: Sequence[int], attributes: Sequence[str] = ()) -> dict[str, Any]:
        seen = {name: each for name, each in self._db.fields(model).items() if (model, name) not in self._rights.hidden}
        return {name: {"type": each.kind} for name, each in seen.items()}

    def _matching(self, model: str, where: Sequence[Any], order: str | None, limit: int | None) -> list[Row]:
        for each in where:
            if not isinstance(each, str):
                self._seen(model, [str(each[0]).partition(".")[0]])
        test = domain.compiled(self._db, model, where)
        rows = [each for each in self._named(model, where) if self._rights.may_see(model, each) and test(each)]
        for part in reversed((order or "id").split(",")):
            name, _, way = part.strip().partition(" ")
            rows.sort(key=lambda row: row[name], reverse=way.strip() == "desc")
        return rows[:limit] if limit else rows

    def _named(self, model: str, where: Sequence[Any]) -> Iterable[Row]:
        """The records that a domain names by their ids, or all: years of lines are not gone through for a page."""
        ids = [each[2] for each in where if not isinstance(each, str) and tuple(each[:2]) == ("id", "in")]
        if not ids or any(isinstance(each, str) for each in where):
            return self._db.rows(model)
        return [row for each in sorted(set(ids[0])) if (row := self._db.row(model, each))]

    def _seen(self, model: str, names: Collection[str]) -> None:
        for name in names:
            self._db.field(model, name)
            if (model, name) in self._rights.hidden:
                raise troubles.hidden_field(model, _LABELS.get(model, model), name)

    def _search(
        self, model: str, ids: Sequence[int], domain: Sequence[Any], order: str | None = None, limit: int | None = None
    ) -> list[int]:
        return [row["id"] for row in self._matching(model, domain, order, limit)]

    def _count(self, model: str, ids: Sequence[int], domain: Sequence[Any]) -> int:
        return len(self._matching(model, domain, None, None))

    def _search_read(
        self,
        model: str,
        ids: Sequence[int],
        domain: Sequence[Any] = (),
        fields: Sequence[str] = (),
        order: str | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        rows = self._matching(model, domain, order, limit)
        return self._shown(model, rows, fields)

    def _read(self, model: str, ids: Sequence[int], fields: Sequence[str] = ()) -> list[Row]:
        found = [row for each in ids if (row := self._db.row(model, each))]
        return self._shown(model, found, fields)

    def _shown(self, model: str, rows: Sequence[Row], fields: Sequence[str]) -> list[Row]:
        self._seen(model, fields)
        names = ["id", *fields] if fields else list(self._db.models[model])
        return [{name: self._visible(model, row, name) for name in names} for row in rows]

    def _visible(self, model: str, row: Row, name: str) -> Any:
        """A list leaves out, without a word, what a rule hides."""
        field, value = self._db.models[model][name], self._db.shown(model, row, name)
        if not field.inverse:
            return value
        return [each for each in value if (one := self._db.row(field.other, each)) and self._may(field.other, one)]

    def _may(self, model: str, row: Row) -> bool:
        return self._rights.may_see(model, row)

    def _create(self, model: str, ids: Sequence[int], vals_list: Any) -> Any:
        several = vals_list if isinstance(vals_list, list) else [vals_list]
        made = [self._made(model, each) for each in several]
        return made if isinstance(vals_list, list) else made[0]

    def _made(self, model: str, values: Row) -> int:
        self._seen(model, values)
        values = self._stored(model, values, None)
        if model == "pos.order":
            values = self._order(values)
        if model == "res.partner":
            values = {"partner_share": True, "active": True} | values
        return self._db.insert(model, values)

    def _order(self, values: Row) -> Row:
        session = self._db.row("pos.session", values.get("session_id") or 0)
        if session is None:
            raise troubles.Trouble("builtins.KeyError", "session_id", 500)
        uuid = values.get("uuid") or str(uuid4())
        if self._db.version >= 19 and any(row["uuid"] == uuid for row in self._db.rows("pos.order")):
            raise troubles.twice("An order with this uuid already exists")
        missing = {"amount_total", "amount_tax", "amount_paid", "amount_return"} - values.keys()
        if missing:
            raise troubles.twice(f"Missing required value for the field {min(missing)!r}")
        own = {"name": "/", "state": "draft", "source": "pos", "uuid": uuid, "user_id": self._world.user}
        numbered = {"pos_reference": f"260-{session['config_id']}-{len(list(self._db.rows('pos.order'))):06}"}
        return own | numbered | {"date_order": self._db.now()} | values | {"config_id": session["config_id"]}

    def _write(self, model: str, ids: Sequence[int], vals: Row) -> bool:
        self._seen(model, vals)
        for number in ids:
            row = self._db.row(model, number)
            if row is None:
                raise troubles.missing(model)
            if model == "pos.order" and row["state"] in _SETTLED and vals.get("state") not in (None, *_SETTLED):
                words = "This order has already been paid. You cannot set it back to draft or edit it."
                raise troubles.user_error(words)
            self._db.update(model, number, self._stored(model, vals, row))
        return True

    def _unlink(self, model: str, ids: Sequence[int]) -> bool:
        for number in ids:
            row = self._db.row(model, number)
            if row and model == "pos.order" and row["state"] not in ("draft", "cancel"):
                raise troubles.user_error("In order to delete a sale, it must be new or cancelled.")
            if row:
                self._db.delete(model, number)
        return True

    def _stored(self, model: str, values: Mapping[str, Any], row: Row | None) -> Row:
        """Values as they are kept: commands on lists of links carried out, times read."""
        stored = dict(values)
        for name, value in values.items():
            kind = self._db.models[model][name].kind
            if kind == "many2many":
                stored[name] = _commanded(row[name] if row else (), value)
            elif kind == "datetime" and isinstance(value, str):
                stored[name] = domain.moment(value)
        return stored

    def _sync_from_ui(self, ids: Sequence[int], orders: Sequence[Row]) -> dict[str, Any]:
        """Find or make each order by its uuid, or by its table; one that is no draft is left alone without a word."""
        touched = []
        for each in orders:
            known = self._open_order(each)
            if known is None:
                known = self._made("pos.order", {name: value for name, value in each.items() if name != "lines"})
                self._lines(known, each)
            elif (row := self._db.row("pos.order", known)) and row["state"] == "draft":
                unchanged = {"uuid", "lines", "access_token"}
                values = {name: value for name, value in each.items() if name not in unchanged}
                self._db.update("pos.order", known, self._stored("pos.order", values, row))
                self._lines(known, each)
            touched.append(known)
        fields = ["uuid", "state", "table_id", "partner_id"]
        return {"pos.order": self._read("pos.order", touched, fields)}

    def _open_order(self, order: Row) -> int | None:
        table = order.get("table_id") if order.get("state") == "draft" else None
        found = [
            row["id"]
            for row in self._db.rows("pos.order")
            if row["uuid"] == order["uuid"] or (table and row["table_id"] == table and row["state"] == "draft")
        ]
        return max(found, default=None)

    def _lines(self, order: int, told: Row) -> None:
        """A line whose uuid stands on the order is altered (since version 19); any other is one more."""
        known = {row["uuid"]: row["id"] for row in self._db.rows("pos.order.line") if row["order_id"] == order}
        for command in told.get("lines") or ():
            values = self._stored("pos.order.line", command[2], None) | {"order_id": order}
            if self._db.version >= 19 and values.get("uuid") in known:
                self._db.update("pos.order.line", known[values["uuid"]], values)
            else:
                self._db.insert("pos.order.line", values)

    def _cancel(self, ids: Sequence[int]) -> dict[str, Any]:
        drafts = [each for each in ids if (row := self._db.row("pos.order", each)) and row["state"] == "draft"]
        self._write("pos.order", drafts, {"state": "cancel"})
        return {"pos.order": []}

    def _notify(self, ids: Sequence[int], session_id: int, **more: Any) -> None:
        device = "login_number" if self._db.version == 18 else "device_identifier"
        if set(more) - {device, "records"} or device not in more or self._db.version < 18:
            words = f"PosConfig.notify_synchronisation() got an unexpected argument in {sorted(more)}"
            raise troubles.Trouble("builtins.TypeError", words, 422)
        self.told += ids


def _commanded(held: Sequence[int], commands: Any) -> tuple[int, ...]:
    """Odoo's commands on a list of links: 6 sets it, 5 empties it, 4 adds to it, 3 takes out of it."""
    numbers = list(held)
    for command in commands or ():
        if command[0] == 6:
            numbers = list(command[2])
        elif command[0] == 5:
            numbers = []
        elif command[0] == 4 and command[1] not in numbers:
            numbers.append(command[1])
        elif command[0] == 3 and command[1] in numbers:
            numbers.remove(command[1])
    return tuple(numbers)
