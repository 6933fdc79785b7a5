"""The words of what staff read on a booking in resOS, in each language."""

from typing import NamedTuple


class Words(NamedTuple):
    """The parts of a remark."""

    tips: str
    covers: str
    check: str
    visit: str
    average: str
    withdrawn: str


WORDS = {
    "en": Words(
        "tips {amount}", "{count} covers", "check {numbers}", "visit {count} of this guest",
        "checks of {amount} on average", "the check was taken back from this booking",
    ),
    "da": Words(
        "drikkepenge {amount}", "{count} kuverter", "bon {numbers}", "gæstens besøg nr. {count}",
        "bonner på {amount} i snit", "bonen hører alligevel ikke til denne reservation",
    ),
    "de": Words(
        "Trinkgeld {amount}", "{count} Gedecke", "Rechnung {numbers}", "Besuch Nr. {count} dieses Gastes",
        "Rechnungen von {amount} im Schnitt", "die Rechnung gehört doch nicht zu dieser Buchung",
    ),
    "es": Words(
        "propinas {amount}", "{count} cubiertos", "cuenta {numbers}", "visita n.º {count} de este cliente",
        "cuentas de {amount} de media", "la cuenta ya no es de esta reserva",
    ),
}  # fmt: skip
