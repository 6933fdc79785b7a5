"""The words of what staff read in Square, in each language."""

from typing import NamedTuple


class Words(NamedTuple):
    """The words of a customer's note and attributes. `begin` and `end` stand above and below our part of the note."""

    begin: str
    end: str
    allergies: str
    preferences: str
    usually: str
    table: str
    visits: str
    last: str
    average: str
    tags: str
    note: str
    usually_has: str
    last_visit: str


WORDS = {
    "en": Words(
        "[Servery keeps this up to date]", "[end of Servery]", "Allergies", "Preferences", "Usually", "table",
        "Visits", "last", "{amount} on average", "Tags", "Note", "Usually has", "Last visit",
    ),
    "da": Words(
        "[Servery holder dette ajour]", "[Servery slut]", "Allergier", "Foretrækker", "Plejer", "bord",
        "Besøg", "sidst", "i snit {amount}", "Mærker", "Note", "Plejer at få", "Seneste besøg",
    ),
    "de": Words(
        "[Servery hält dies aktuell]", "[Ende von Servery]", "Allergien", "Wünscht", "Meist", "Tisch",
        "Besuche", "zuletzt", "im Schnitt {amount}", "Schlagwörter", "Notiz", "Nimmt meist", "Letzter Besuch",
    ),
    "es": Words(
        "[Servery mantiene esto al día]", "[fin de Servery]", "Alergias", "Prefiere", "Suele tomar", "mesa",
        "Visitas", "última", "{amount} de media", "Etiquetas", "Nota", "Suele tomar", "Última visita",
    ),
}  # fmt: skip
