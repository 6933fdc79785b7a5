"""What of a guest each role may see. Cutting happens here, once, before anything leaves this room."""

from collections.abc import Mapping

from servery.errors import Forbidden
from servery.model.viewer import Right, Viewer

FIELDS: Mapping[Right, tuple[str, ...]] = {
    "see_contact": ("email", "phone", "company", "city", "postcode", "loyalty_id"),
    "see_allergies": ("allergies",),
    # Diets and wishes tell of health and faith as remarks do.
    "see_notes": ("preferences", "notes", "requests"),
    "see_money": ("spend",),
}
"""Fields of a guest's story that need a right of their own, besides the right to see guests at all."""


def admit(viewer: Viewer) -> None:
    """Let pass who may see guests; Forbidden for everybody else."""
    if not viewer.may("see_guests"):
        raise Forbidden("The role {role} does not see guests.", role=viewer.role)


def hidden(viewer: Viewer) -> tuple[str, ...]:
    """The names of the fields that this viewer may not see."""
    return tuple(name for right, names in FIELDS.items() if not viewer.may(right) for name in names)
