"""Who is looking: the person, key or process a room call is made for, and what their role lets them see and do."""

from typing import Literal, get_args

from msgspec import Struct

Role = Literal["host", "server", "manager", "marketer", "owner", "integrator"]
ROLES: tuple[Role, ...] = get_args(Role)

Right = Literal[
    "see_guests",
    "see_contact",
    "see_allergies",
    "see_notes",
    "see_money",
    "see_connections",
    "see_events",
    "change_connections",
    "import_files",
    "export_lists",
    "change_venues",
    "change_people",
    "link_visits",
    "handle_privacy",
    "merge_guests",
    "edit_guests",
    "make_rules",
    "mend_guests",
]

# A host greets and seats, a server serves: neither needs what a guest spends. A marketer writes to guests but has no
# business with their health. Only the owner decides who may sign in.
RIGHTS: dict[Role, frozenset[Right]] = {
    "host": frozenset(
        {
            "see_guests",
            "see_contact",
            "see_allergies",
            "see_notes",
            "see_connections",
            "link_visits",
            "merge_guests",
            "edit_guests",
        },
    ),
    "server": frozenset({"see_guests", "see_allergies", "see_notes"}),
    "manager": frozenset(get_args(Right)) - {"change_people"},
    "marketer": frozenset({"see_guests", "see_contact", "see_money", "export_lists", "see_connections", "mend_guests"}),
    "owner": frozenset(get_args(Right)),
    "integrator": frozenset(
        {
            "see_guests",
            "see_contact",
            "see_money",
            "see_connections",
            "see_events",
            "change_connections",
            "import_files",
        }
    ),
}


class Viewer(Struct, frozen=True):
    """On whose behalf a room is asked. Every look at a guest is written down under `kind` and `id`."""

    kind: Literal["person", "key", "system"]
    id: int
    name: str
    role: Role

    def may(self, right: Right) -> bool:
        """Whether the viewer's role has this right."""
        return right in RIGHTS[self.role]


SYSTEM = Viewer("system", 0, "Servery", "owner")
"""The engine itself: work that no person asked for."""
