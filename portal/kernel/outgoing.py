"""Sending to addresses that people set: only to where the house may reach.

A name is resolved once, every address it has is judged, and the connection goes to the
one that was judged: a name that points elsewhere a moment later leads nowhere. Redirects
are answers like any other; nothing of the body of an answer is read.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
CONNECT_SECONDS = 5
DEADLINE_SECONDS = 15
PORTS = {"https": 443, "http": 80}
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
LOOPBACK_NAMES = ("localhost", "ip6-localhost")


class UnsafeAddress(ValueError):
    """An address that the house sends nothing to; the text says why."""


def read_address(url: str) -> SplitResult:
    """The parts of an address that may be written down as a webhook's."""
    if not url.isascii() or any(one <= " " for one in url):
        raise UnsafeAddress("It has characters that stand in no address.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UnsafeAddress("It is not an address like https://host/path.") from None
    host = parts.hostname
    if parts.scheme not in PORTS or not host:
        raise UnsafeAddress("It is not an address like https://host/path.")
    if "@" in parts.netloc or parts.fragment:
        raise UnsafeAddress("It carries no name, no password and no #fragment.")
    literal = _literal(host)
    is_here = literal.is_loopback if literal else host in LOOPBACK_NAMES
    if parts.scheme == "http" and not is_here:
        raise UnsafeAddress("It begins with https: what it says is for one reader.")
    if is_here and not settings.WEBHOOKS_MAY_REACH_LOOPBACK:
        raise UnsafeAddress(_refusal(host))
    if literal is not None:
        _require_open(literal, host)
    return parts


def send(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """POST, and the status of the answer. Raises UnsafeAddress, OSError or
    http.client.HTTPException."""
    parts = read_address(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    raw = _connect(host, port)
    timer = threading.Timer(DEADLINE_SECONDS, _cut, [raw])
    timer.daemon = True
    timer.start()
    try:
        return _post(parts, raw, body, headers)
    finally:
        timer.cancel()
        raw.close()


def _post(
    parts: SplitResult, raw: socket.socket, body: bytes, headers: Mapping[str, str]
) -> int:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    if parts.scheme == "https":
        context = ssl.create_default_context()
        with context.wrap_socket(raw, server_hostname=host) as sealed:
            return _answered(
                http.client.HTTPSConnection(host, port), sealed, parts, body, headers
            )
    return _answered(http.client.HTTPConnection(host, port), raw, parts, body, headers)


def _answered(
    connection: http.client.HTTPConnection,
    over: socket.socket,
    parts: SplitResult,
    body: bytes,
    headers: Mapping[str, str],
) -> int:
    connection.sock = over
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body, dict(headers))
    return connection.getresponse().status


def _connect(host: str, port: int) -> socket.socket:
    failed: OSError | None = None
    for address in _addresses(host, port):
        try:
            return socket.create_connection((str(address), port), CONNECT_SECONDS)
        except OSError as error:
            failed = error
    raise failed or OSError(f"{host} has no address.")


def _addresses(host: str, port: int) -> list[Address]:
    """All addresses of a name, once each of them is one that may be reached."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [
        ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found
    ]
    for address in addresses:
        _require_open(address, host)
    return addresses


def _require_open(address: Address, host: str) -> None:
    inner = _inside(address)
    if inner.is_loopback:
        is_open = settings.WEBHOOKS_MAY_REACH_LOOPBACK
    elif inner.is_link_local or inner.is_multicast or inner.is_unspecified:
        # Where machines of a cloud tell their own secrets: never.
        is_open = False
    else:
        is_open = inner.is_global or settings.WEBHOOKS_MAY_REACH_PRIVATE
    if not is_open:
        raise UnsafeAddress(_refusal(host))


def _inside(address: Address) -> Address:
    """The address of version 4 that one of version 6 leads to, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo or (None, address))[1]


def _refusal(host: str) -> str:
    return (
        f"{host} is inside this network, and webhooks go outside. Whoever runs the"
        " portal can allow it: WEIGHBRIDGE_WEBHOOKS_PRIVATE."
    )


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _cut(over: socket.socket) -> None:
    with suppress(OSError):
        over.shutdown(socket.SHUT_RDWR)
