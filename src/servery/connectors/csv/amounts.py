"""Numbers and money as people and tills write them: signs, thousands, decimal comma or point, currency."""

import re
from decimal import Decimal, InvalidOperation
from typing import Literal

from servery.connectors.csv.words import SYMBOLS
from servery.model.money import known_currency

_NUMBER = re.compile(
    r"""\s*(?P<open>\()?\s*(?P<sign>[-+−–]?)\s*
    (?P<before>[^\W\d_]{1,4}\.?|[^\w\s().,+'-])?\s*(?P<sign2>[-+−–]?)\s*
    (?P<digits>\d(?:[\d.,'’\s]*\d)?|[.,]\d+)(?P<exponent>[eE][-+]?\d{1,3})?
    (?P<tail>[.,][-–—]?)?\s*(?P<minus>[-−](?=\s|$))?\s*
    (?P<after>[^\W\d_]{1,4}\.?|[^\w\s().,+'-])?\s*\)?\s*""",
    re.VERBOSE,
)
_GAPS = re.compile(r"[\s'’]")
_LARGEST = Decimal(10) ** 12
Style = Literal[".", ","]


def number(text: str, decimal: Style) -> tuple[Decimal, str | None]:
    """The number written in a text and the word or sign beside it (a currency, a unit). ValueError when it is none."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    digits = _GAPS.sub("", match["digits"])
    plain = _without_thousands(digits, decimal)
    try:
        value = Decimal(plain + (match["exponent"] or ""))
    except InvalidOperation:
        raise ValueError(text) from None
    if abs(value) >= _LARGEST:
        raise ValueError(text)
    minus = match["open"] or match["sign"] in _MINUS or match["sign2"] in _MINUS or match["minus"]
    return (-value if minus else value), match["before"] or match["after"]


_MINUS = tuple("-−–")
_GROUPS = {".": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?"), ",": re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d*)?")}


def _without_thousands(digits: str, decimal: Style) -> str:
    thousands = "." if decimal == "," else ","
    if thousands in digits:
        if not _GROUPS[decimal].fullmatch(digits):
            raise ValueError(digits)
        digits = digits.replace(thousands, "")
    return digits.replace(",", ".")


def currencies_of(word: str) -> frozenset[str]:
    """The ISO 4217 codes that a sign or word beside an amount may mean; none when it means no currency."""
    bare = word.rstrip(".")
    if bare in SYMBOLS:
        return SYMBOLS[bare]
    code = bare.upper()
    return frozenset((code,)) if len(code) == 3 and known_currency(code) else SYMBOLS.get(bare.casefold(), frozenset())


class StyleEvidence:
    """Gathers, number by number, whether a file writes a decimal comma or a decimal point."""

    def __init__(self) -> None:
        self.counts = {".": 0, ",": 0}
        self.doubtful: tuple[int, str] | None = None
        """Line and value of the first number that reads either way: 1.234."""

    def add(self, text: str, line: int) -> None:
        """Take one cell into account."""
        match = _NUMBER.fullmatch(text)
        if match is None:
            return
        digits = _GAPS.sub("", match["digits"])
        style = _style(digits)
        if style:
            self.counts[style] += 1
        elif self.doubtful is None and ("." in digits or "," in digits):
            self.doubtful = (line, text)

    @property
    def decided(self) -> Style | None:
        """The style of most numbers; None when every number that could tell reads either way."""
        if self.counts["."] or self.counts[","]:
            return "." if self.counts["."] >= self.counts[","] else ","
        return None if self.doubtful else "."


def _style(digits: str) -> Style | None:
    """The decimal sign that these digits prove, or None."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    if points > 1:
        return ","
    if commas > 1:
        return "."
    sign: Style = "." if points else ","
    head, found, tail = digits.partition(sign)
    return sign if found and (len(tail) != 3 or head in ("", "0") or len(head) > 3) else None
