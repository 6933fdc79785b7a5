"""Papers of privacy that stand by themselves, without the frame of a page: an export, the notice, the register."""

from __future__ import annotations

from importlib.resources import files

from msgspec import structs

from servery.connectors import registry
from servery.language.words import Words, words
from servery.privacy.export import Export
from servery.privacy.register import Register, System
from servery.web.privacy.readable import told
from servery.web.privacy.words import categories, kept, parts
from servery.web.render import paper

STYLE = "paper.css"


def export_html(export: Export, spoken: Words) -> str:
    """Everything about a guest, readable."""
    whole = structs.asdict(export)
    named = [(key, name, [told(row, spoken) for row in whole[key]]) for key, name in parts(spoken).items()]
    return paper("privacy/export.html", spoken, export=export, parts=named, **_looks(None))


def notice_html(register: Register, spoken: Words, style: str | None = None, *, for_staff: bool = False) -> str:
    """What guests are told of the processing of their data. `style`: where the style lies; without, it is inside.

    `for_staff`: to be looked at and not handed out; what is missing is then told above it.
    """
    return paper(
        "privacy/notice.html", spoken, register=register, kinds=categories(spoken), kept=kept(spoken),
        for_staff=for_staff, **_looks(style),
    )  # fmt: skip


def register_html(register: Register, spoken: Words, style: str | None = None, *, for_staff: bool = False) -> str:
    """The register of processing, as `notice_html`."""
    kinds = categories(spoken)
    erasing = {one.name: _said(one, spoken) for one in register.systems}
    return paper(
        "privacy/register.html", spoken, register=register, kinds=kinds, kept=kept(spoken), erasing=erasing,
        for_staff=for_staff, **_looks(style),
    )  # fmt: skip


def _said(system: System, spoken: Words) -> str:
    """What happens there when a guest is erased, in the connector's own words."""
    if not system.erasing or system.connector not in registry.packages():
        return system.erasing
    return words(spoken.language, registry.locale(system.connector)).gettext(system.erasing)


def _looks(address: str | None) -> dict[str, str | None]:
    inside = None if address else files("servery.web").joinpath("static", STYLE).read_text("utf-8")
    return {"style": address, "style_inside": inside}
