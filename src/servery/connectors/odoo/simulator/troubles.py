"""What goes wrong in Odoo, by the names and words that it uses for it."""


class Trouble(Exception):
    """An exception of Odoo's: its full name, what it says, and the HTTP status of the JSON-2 API."""

    def __init__(self, name: str, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


def access_denied() -> Trouble:
    """Wrong login or key, over JSON-RPC."""
    return Trouble("odoo.exceptions.AccessDenied", "Access Denied", 403)


def unauthorized() -> Trouble:
    """Wrong key, over the JSON-2 API."""
    return Trouble("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401)


def no_database(name: str) -> Trouble:
    """A database that is not there."""
    words = f'connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: FATAL:  database "{name}" '
    return Trouble("psycopg2.OperationalError", words + "does not exist\n", 404)


def hidden_field(model: str, label: str, field: str) -> Trouble:
    """A field that groups keep from the user."""
    words = f'You do not have enough rights to access the field "{field}" on {label} ({model}). '
    return Trouble("odoo.exceptions.AccessError", words + "Please contact your system administrator.", 403)


def hidden_model(model: str, label: str) -> Trouble:
    """A model that the user may not read at all."""
    words = (
        f"You are not allowed to access '{label}' ({model}) records.\n\nThis operation is allowed for the following "
    )
    return Trouble("odoo.exceptions.AccessError", words + "groups:\n\t- Point of Sale/User", 403)


def no_model(model: str, json_2: bool) -> Trouble:
    """A model that is not installed."""
    if json_2:
        return Trouble("werkzeug.exceptions.NotFound", f"the model {model!r} does not exist", 404)
    return Trouble("odoo.exceptions.UserError", f"Object {model} doesn't exist", 422)


def no_field(model: str, field: str) -> Trouble:
    """A field that the model has not."""
    return Trouble("builtins.ValueError", f"Invalid field {field!r} on model {model!r}", 500)


def not_searchable(model: str, field: str) -> Trouble:
    """A computed field in a domain: Odoo cannot tell which records match."""
    return Trouble("builtins.ValueError", f"Cannot convert {model}.{field} to SQL because it is not stored", 500)


def user_error(words: str) -> Trouble:
    """What a person at the screen would read."""
    return Trouble("odoo.exceptions.UserError", words, 422)


def twice(words: str) -> Trouble:
    """A record that must be the only one of its kind."""
    return Trouble("odoo.exceptions.ValidationError", f"The operation cannot be completed: {words}", 422)


def missing(model: str) -> Trouble:
    """A record that is no longer there."""
    return Trouble("odoo.exceptions.MissingError", f"Record does not exist or has been deleted.\n({model})", 404)
