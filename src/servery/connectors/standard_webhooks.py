"""Posting by Standard Webhooks 1.0 to an address that somebody entered: signed, and to no machine inside by a trick."""

import asyncio
import base64
import hmac
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import httpx

from servery.errors import NeedsPerson, Retry


def signed(message_id: str, body: bytes, keys: Iterable[bytes], at: datetime | None = None) -> dict[str, str]:
    """The headers of a delivery made `at` an instant (now), with one signature for each key."""
    stamp = str(int((at or datetime.now(UTC)).timestamp()))
    covered = f"{message_id}.{stamp}.".encode() + body
    proofs = (base64.b64encode(hmac.digest(key, covered, "sha256")).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{proof}" for proof in proofs),
        "content-type": "application/json",
        "user-agent": "Servery",
    }


async def address_to_connect(url: httpx.URL, inside: NeedsPerson | None) -> str:
    """The address that a URL's name leads to now: whoever connects by the name again may be led elsewhere.

    Raises `inside` where any of its addresses is not of the public internet (None: it may be), Retry where the name
    leads nowhere.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Retry("The name {host} leads nowhere.", host=url.host) from None
    addresses = [str(one[4][0]) for one in found]
    if inside is not None and not all(map(is_public, addresses)):
        raise inside
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, however it is written."""
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        # Addresses of the old internet in the new one's clothes: mapped, 6to4, Teredo, NAT64.
        hidden = one.ipv4_mapped or one.sixtofour or (one.teredo[1] if one.teredo else None)
        if one in ipaddress.ip_network("64:ff9b::/96"):
            hidden = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
        if hidden is not None:
            return hidden.is_global and not hidden.is_multicast
    return one.is_global and not one.is_multicast


def request(
    http: httpx.AsyncClient, url: httpx.URL, address: str, body: bytes, headers: Mapping[str, str]
) -> httpx.Request:
    """A request to the very address that was looked at: the name may lead elsewhere a moment later.

    The certificate is still held against the name.
    """
    return http.build_request(
        "POST",
        url.copy_with(host=address),
        content=body,
        headers={**headers, "host": url.netloc.decode("ascii")},
        extensions={"sni_hostname": url.host} if url.scheme == "https" else {},
    )
