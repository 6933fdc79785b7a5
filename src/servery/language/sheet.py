"""Text on its way into a spreadsheet."""

# Full-width forms too: East Asian spreadsheets read them as the plain signs.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: guests choose their own names."""
    return f"'{text}" if text.startswith(_FORMULA) else text
