"""What is posted to an address that somebody entered reaches the world outside, never a machine inside by a trick."""

import httpx

from servery.connectors.standard_webhooks import addresses, is_public
from servery.errors import NeedsPerson, Retry


async def refuse_inside(url: str, allowed: str) -> str:
    """The address that a URL's name leads to now, and that is to be connected to.

    NeedsPerson where any of its addresses is not of the public internet and the name is not one of `allowed` (parted by
    spaces); Retry where the name leads nowhere. Whoever connects by the name again may be led elsewhere.
    """
    asked = httpx.URL(url)
    try:
        found = await addresses(asked)
    except (OSError, UnicodeError):
        raise Retry("The name {host} leads nowhere.", host=asked.host) from None
    if asked.host.casefold() not in allowed.casefold().split() and not all(map(is_public, found)):
        raise NeedsPerson(
            "{host} is an address inside this network.",
            field="url",
            host=asked.host,
            mend="Where that is meant, enter {host} under the inside addresses.",
        )
    return found[0]
