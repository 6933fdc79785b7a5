"""Erasing a guest in Odoo: the contact is deleted, or where orders hold on to it emptied and put away."""

from typing import Any

from servery.connectors.contract import Account, Gone, Session
from servery.connectors.odoo.rpc import Odoo
from servery.errors import Refuse

_EMPTY: dict[str, Any] = {
    "email": False, "phone": False, "mobile": False, "street": False, "street2": False, "city": False, "zip": False,
    "comment": False, "ref": False, "vat": False, "website": False, "function": False, "barcode": False,
    "category_id": [[6, 0, []]],
}  # fmt: skip
_NOBODY = "–"
"""A contact must have a name."""


async def erase(session: Session, account: Account, external_id: str) -> Gone:
    """Delete a contact, or leave an empty one; one that is not there any more is well."""
    odoo, number = Odoo(session), int(external_id)
    if not await odoo.by_id("res.partner", [number]):
        return "gone"
    try:
        await odoo.call("res.partner", "unlink", [number], writes=True)
    except Refuse:
        # Odoo keeps who stands on an order: the books want it.
        there = await odoo.fields("res.partner")
        emptied = {name: value for name, value in _EMPTY.items() if name in there}
        await odoo.write("res.partner", [number], {"name": _NOBODY, "active": False, **emptied})
        return "anonymised"
    return "deleted"
