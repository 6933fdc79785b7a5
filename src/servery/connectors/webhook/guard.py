"""What is posted to an address that somebody entered reaches the world outside, never a machine inside by a trick."""

import asyncio
import ipaddress
import socket

import httpx

from servery.errors import NeedsPerson, Retry


async def refuse_inside(url: str, allowed: str) -> str:
    """The address that a URL's name leads to now, and that is to be connected to.

    NeedsPerson where any of its addresses is not of the public internet and the name is not one of `allowed` (parted by
    spaces); Retry where the name leads nowhere. Whoever connects by the name again may be led elsewhere.
    """
    asked = httpx.URL(url)
    port = asked.port or (443 if asked.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(asked.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Retry("The name {host} leads nowhere.", host=asked.host) from None
    addresses = [str(one[4][0]) for one in found]
    if asked.host.casefold() not in allowed.casefold().split() and not all(map(_is_public, addresses)):
        raise NeedsPerson(
            "{host} is an address inside this network.",
            field="url",
            host=asked.host,
            mend="Where that is meant, enter {host} under the inside addresses.",
        )
    return addresses[0]


def _is_public(address: str) -> bool:
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        # Addresses of the old internet in the new one's clothes: mapped, 6to4, Teredo, NAT64.
        hidden = one.ipv4_mapped or one.sixtofour or (one.teredo[1] if one.teredo else None)
        if one in ipaddress.ip_network("64:ff9b::/96"):
            hidden = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
        if hidden is not None:
            return hidden.is_global and not hidden.is_multicast
    return one.is_global and not one.is_multicast
