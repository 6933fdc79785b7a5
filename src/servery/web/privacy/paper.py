"""Papers of privacy that stand by themselves, without the frame of a page: an export, the notice, the register."""

from __future__ import annotations

from importlib.resources import files

from msgspec import structs

from servery.language.words import Words
from servery.privacy.export import Export
from servery.privacy.register import Register
from servery.web.privacy.readable import told
from servery.web.privacy.words import categories, kept, parts
from servery.web.render import paper

STYLE = "paper.css"


def export_html(export: Export, words: Words) -> str:
    """Everything about a guest, readable."""
    whole = structs.asdict(export)
    named = [(key, name, [told(row, words) for row in whole[key]]) for key, name in parts(words).items()]
    return paper("privacy/export.html", words, export=export, parts=named, **_looks(None))


def notice_html(register: Register, words: Words, style: str | None = None) -> str:
    """What guests are told of the processing of their data. `style`: where the style lies; without, it is inside."""
    kinds = categories(words)
    return paper("privacy/notice.html", words, register=register, kinds=kinds, kept=kept(words), **_looks(style))


def register_html(register: Register, words: Words, style: str | None = None) -> str:
    """The register of processing, as `notice_html`."""
    kinds = categories(words)
    return paper("privacy/register.html", words, register=register, kinds=kinds, kept=kept(words), **_looks(style))


def _looks(address: str | None) -> dict[str, str | None]:
    inside = None if address else files("servery.web").joinpath("static", STYLE).read_text("utf-8")
    return {"style": address, "style_inside": inside}
