"""Requests to addresses that clients name. In: a URL. Out: an answer, never from inside our own network.

Names are resolved once and the very address that was checked is connected to, so that a name cannot
point elsewhere on second thought. Redirects are not followed.
"""

import http.client
import ipaddress
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Timer
from typing import Any
from urllib.parse import urlsplit

from kinora.core.errors import KinoraError, UsageError

TIMEOUT_SECONDS = 10.0
"""For one step of the way: to be connected, or to get the next bytes."""
WHOLE_SECONDS = 30.0
"""For all of it: whoever sends a byte now and then is not waited for."""
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Answer:
    """Status and body of a response."""

    status: int
    body: bytes


def check_url(url: str) -> str:
    """The URL itself if it is plain http or https with a host, else `UsageError`."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in PORTS and parts.hostname and (parts.port is None or parts.port > 0)
        sound = sound and url.isascii() and url.isprintable() and " " not in url
        str(parts.hostname).encode("idna")  # no empty label, and none too long
    except ValueError:
        sound = False
    if not sound or parts.username or parts.password:
        raise UsageError("this is not an http or https URL", remedy="Write https://host/path")
    return url


def request(
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    private: bool,
    max_bytes: int,
) -> Answer:
    """Send one request.

    Args:
        method: GET or POST.
        url: http or https.
        headers, body: what is sent.
        private: whether addresses that the internet does not route are allowed.
        max_bytes: a longer answer is an error.

    Raises:
        UsageError: the URL is none, or points where it may not.
        KinoraError: no answer came, or too long a one.
    """
    parts = urlsplit(check_url(url))
    sockets = list[socket.socket]()
    connection = _connection(
        parts.scheme, str(parts.hostname), parts.port, sockets, private=private
    )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    late = Event()
    ending = Timer(WHOLE_SECONDS, _shut, [sockets, late])
    ending.daemon = True
    ending.start()
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        data = response.read(max_bytes + 1)
    except (OSError, http.client.HTTPException) as error:
        raise KinoraError(f"no answer from {parts.hostname}", why=str(error)) from error
    finally:
        ending.cancel()
        connection.close()
    if late.is_set():
        raise KinoraError(f"{parts.hostname} takes longer than {WHOLE_SECONDS:g} s to answer")
    if len(data) > max_bytes:
        raise KinoraError(f"the answer of {parts.hostname} is longer than {max_bytes} bytes")
    return Answer(response.status, data)


def _shut(sockets: list[socket.socket], late: Event) -> None:
    """Whoever waits for one gets an end of the stream or an error, and is told before why."""
    late.set()
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _connection(
    scheme: str, host: str, port: int | None, sockets: list[socket.socket], *, private: bool
) -> http.client.HTTPConnection:
    """A connection that is made when it is used; its socket is then also in `sockets`."""

    def connect(address: tuple[str, int], timeout: float, _source: Any) -> socket.socket:
        made = socket.create_connection(_resolve(*address, private=private), timeout)
        sockets.append(made)
        return made

    connection: http.client.HTTPConnection
    if scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            host, port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    # The library's own hook for how a socket is made; TLS still checks the name in the URL.
    connection._create_connection = connect  # type: ignore[attr-defined]
    return connection


def _resolve(host: str, port: int, *, private: bool) -> tuple[str, int]:
    """The first address of a host; raises `UsageError` if any of them is none of the internet's."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not private and not _public(address):
            raise UsageError(
                f"{host} is in a private network",
                remedy="Start the server with --set private_urls=true to allow this",
            )
    return addresses[0], port


def _public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_global and not parsed.is_multicast
