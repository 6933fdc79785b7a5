"""The language of what we write into a system. For connectors; nothing here knows one of them."""

from servery.connectors.contract import Account, Session
from servery.errors import NeedsPerson
from servery.model.language import WRITTEN, language_in


def language(session: Session, account: Account) -> str:
    """The language that staff read: the owner's choice in the setting `language`, else that of the venue's country.

    NeedsPerson where the choice is one that Servery does not write.
    """
    chosen = (session.settings.get("language") or "").strip().casefold()
    if not chosen:
        return language_in(next((each.time_zone for each in account.locations if each.time_zone), None))
    if chosen not in WRITTEN:
        raise NeedsPerson(
            "Servery does not write {language}.", field="language", language=chosen,
            mend="Take one of these: {known}.", known=", ".join(WRITTEN),
        )  # fmt: skip
    return chosen
