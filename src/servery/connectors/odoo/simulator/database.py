"""Records by model and id, as Odoo's own layer over its database keeps and shows them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from servery.connectors.odoo.simulator.schema import Field, models
from servery.connectors.odoo.simulator.troubles import missing, no_field, no_model

Row = dict[str, Any]
Clock = Callable[[], datetime]
_SECONDS = "%Y-%m-%d %H:%M:%S"


class Database:
    """One database of one version. Times are kept with their fractions, which nobody is ever shown."""

    def __init__(self, version: int, now: Clock) -> None:
        self.version, self.now = version, now
        self.models = models(version)
        self._rows: dict[str, dict[int, Row]] = {model: {} for model in self.models}
        self._last: dict[str, int] = dict.fromkeys(self.models, 0)
        self._lists: dict[tuple[str, str], dict[int, list[int]]] = {}

    def fields(self, model: str, *, json_2: bool = False) -> Mapping[str, Field]:
        """The fields of a model. Trouble where it is not installed."""
        if model not in self.models:
            raise no_model(model, json_2)
        return self.models[model]

    def field(self, model: str, name: str) -> Field:
        """One field. Trouble where the model has it not."""
        if name not in self.models[model]:
            raise no_field(model, name)
        return self.models[model][name]

    def rows(self, model: str) -> Iterable[Row]:
        """All records of a model, archived ones too, by id."""
        return self._rows[model].values()

    def row(self, model: str, number: int) -> Row | None:
        """One record, or None."""
        return self._rows[model].get(number)

    def insert(self, model: str, values: Mapping[str, Any], at: datetime | None = None) -> int:
        """A new record and its id; what the version has not is left out."""
        moment = at or self.now()
        self._last[model] += 1
        number = self._last[model]
        empty = {name: _empty(field) for name, field in self.models[model].items() if not field.inverse}
        known = {name: value for name, value in values.items() if name in empty}
        stamped = {"id": number, "create_date": moment, "write_date": moment}
        self._rows[model][number] = empty | {"active": True} | stamped | known
        self._lists.clear()
        return number

    def update(self, model: str, number: int, values: Mapping[str, Any], at: datetime | None = None) -> None:
        """Alter a record; its `write_date` moves only where something is another than before."""
        row = self._rows[model].get(number)
        if row is None:
            raise missing(model)
        known = {name: value for name, value in values.items() if name in self.models[model]}
        if all(row.get(name) == value for name, value in known.items()):
            return
        row.update(known, write_date=at or self.now())
        self._lists.clear()

    def delete(self, model: str, number: int) -> None:
        """Take a record away without a trace."""
        del self._rows[model][number]
        self._lists.clear()

    def listed(self, model: str, name: str, number: int) -> list[int]:
        """The records that a list of a record holds: those that link to it."""
        field = self.models[model][name]
        key = (field.other, field.inverse)
        if key not in self._lists:
            found: dict[int, list[int]] = {}
            for row in self.rows(field.other):
                if row[field.inverse]:
                    found.setdefault(row[field.inverse], []).append(row["id"])
            self._lists[key] = found
        return self._lists[key].get(number, [])

    def value(self, model: str, row: Row, name: str) -> Any:
        """What a field holds."""
        return self.listed(model, name, row["id"]) if self.models[model][name].inverse else row.get(name, False)

    def shown(self, model: str, row: Row, name: str) -> Any:
        """What a field holds, as Odoo shows it to programs."""
        field, value = self.models[model][name], self.value(model, row, name)
        if name == "display_name":
            return self.title(model, row["id"])
        if field.kind == "many2one":
            return [value, self.title(field.other, value)] if value else False
        if field.kind == "datetime":
            return value.astimezone(UTC).strftime(_SECONDS) if value else False
        return list(value) if isinstance(value, tuple) else value

    def title(self, model: str, number: int) -> str:
        """The name by which links show a record."""
        row = self._rows[model][number]
        if model == "restaurant.table" and "table_number" in self.models[model]:
            return f"{self.title('restaurant.floor', row['floor_id'])}, {row['table_number']}"
        if model == "product.product":
            code = f"[{row['default_code']}] " if row["default_code"] else ""
            values = (self._rows["product.template.attribute.value"][each]["name"]
                      for each in row["product_template_attribute_value_ids"])  # fmt: skip
            suffix = ", ".join(values)
            name = self.title("product.template", row["product_tmpl_id"])
            return f"{code}{name} ({suffix})" if suffix else f"{code}{name}"
        return str(row.get("name") or f"{model},{number}")


def _empty(field: Field) -> Any:
    if field.kind in ("integer",):
        return 0
    if field.kind == "float":
        return 0.0
    return () if field.kind == "many2many" else False
