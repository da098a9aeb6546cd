"""One request to a web server, read in a thread of its own: whoever waits for it can turn away at any time.

Looking up a name, a handshake and a server that says nothing cannot be interrupted from within. The thread
that sits in one of them is left to itself; it ends when its own patience does.
"""

from __future__ import annotations

import functools
import http.client
import queue
import re
import socket
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from functools import partial
from typing import Any

import certifi

from ftgui import __version__

CHUNK = 2**16
"""The most bytes that are handed over at once."""
AHEAD = 16
"""Chunks that are read before anybody asks for them."""
FAREWELL_SECONDS = 0.2
"""How long a thread that was told to end is waited for."""


class UnreachableError(Exception):
    """No connection came about."""


class UnsafeError(Exception):
    """The server cannot show that it is who it says it is."""


class BrokenError(Exception):
    """The connection ended, or fell silent, before all was there."""


class RefusedError(Exception):
    """The server answered, but not with the file."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.status = status


@dataclass(frozen=True)
class Head:
    """What a server says of the bytes that it is about to send."""

    status: int
    headers: Message

    @property
    def kind(self) -> str:
        """The type of the content, in lower case ("application/zip")."""
        return self.headers.get_content_type() if "Content-Type" in self.headers else ""

    @property
    def first(self) -> int:
        """The place in the file of the first byte; -1 where a part comes and it is not said which."""
        if self.status != http.HTTPStatus.PARTIAL_CONTENT:
            return 0
        found = re.match(r"bytes (\d+)-", self.headers.get("Content-Range", ""))
        return int(found.group(1)) if found else -1

    @property
    def total(self) -> int | None:
        """The bytes of the whole file, where that is said."""
        length = self.headers.get("Content-Length", "")
        return self.first + int(length) if re.fullmatch(r"\d+", length) else None

    @property
    def validator(self) -> str:
        """What to name this version of the file by when asking for the rest; "" where it has no name."""
        tag = str(self.headers.get("ETag", ""))
        return tag if tag.startswith('"') else str(self.headers.get("Last-Modified", ""))


class Exchange:
    """A request that is under way, and its answer as it comes."""

    def __init__(self, url: str, headers: dict[str, str], timeout: float) -> None:
        self._request = url, {"User-Agent": f"ftgui/{__version__}", **headers}
        self._timeout = timeout
        self._items: queue.Queue[Head | bytes | Exception] = queue.Queue(AHEAD)
        self._over = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="ftgui download", daemon=True)
        self._thread.start()

    def receive(self, patience: float) -> Head | bytes | None:
        """Return what comes next: the head, then the bytes, then no bytes at the end. None: nothing yet.

        Raises:
            UnreachableError: no connection came about.
            UnsafeError: the server's certificate is not to be trusted.
            BrokenError: the connection ended in the midst of it.
            RefusedError: the server answered with an error.
        """
        try:
            item = self._items.get(timeout=patience)
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        """Let go of the connection, whatever it is doing."""
        self._over.set()
        self._shut()
        self._thread.join(FAREWELL_SECONDS)

    def hold(self, connected: socket.socket) -> None:
        """Know the socket that the thread reads from now. From the thread."""
        self._socket = connected
        if self._over.is_set():
            self._shut()

    def _shut(self) -> None:
        """Wake the thread from its reading. Not ssl's own shutdown, which would change what it reads with."""
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            self._read()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._put(_in_our_terms(error))

    def _read(self) -> None:
        url, headers = self._request
        request = urllib.request.Request(url, headers=headers)
        with _opener(self).open(request, timeout=self._timeout) as response:
            self._put(Head(response.status, response.headers))
            while not self._over.is_set():
                chunk = response.read1(CHUNK)
                self._put(chunk)
                if not chunk:
                    return

    def _put(self, item: Head | bytes | Exception) -> None:
        while not self._over.is_set():
            with suppress(queue.Full):
                self._items.put(item, timeout=FAREWELL_SECONDS / 2)
                return


def _in_our_terms(error: Exception) -> Exception:
    """Return what an error of the library's means to who waits."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return RefusedError(error.code, str(error.reason))
    if not isinstance(error, urllib.error.URLError):
        return BrokenError(str(error) or type(error).__name__)
    if isinstance(error.reason, ssl.SSLCertVerificationError):
        return UnsafeError(str(error.reason))
    return UnreachableError(str(error.reason))


def _opener(owner: Exchange) -> urllib.request.OpenerDirector:
    """Return what opens addresses, through the proxies of the environment where there are any."""
    return urllib.request.build_opener(_Plain(owner), _Secure(owner), _Redirects())


@functools.cache
def trusted() -> ssl.SSLContext:
    """Return whom to trust: this computer's authorities, and those of certifi where it names none.

    A built program brings a Python that looks for the system's authorities where its own builder had them.
    A company's own authority, which looks into its traffic, is known to the system alone.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, owner: Exchange) -> None:
        super().__init__()
        self._owner = owner

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_PlainConnection, owner=self._owner), req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, owner: Exchange) -> None:
        self._trusted = trusted()
        super().__init__(context=self._trusted)
        self._owner = owner

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_SecureConnection, owner=self._owner, context=self._trusted), req)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server elsewhere, but not from a safe connection to one that anybody can listen to."""

    def redirect_request(self, req: urllib.request.Request, *answer: Any) -> urllib.request.Request | None:
        following = super().redirect_request(req, *answer)
        if following is not None and req.type == "https" and following.type != "https":
            raise urllib.error.URLError("the server leads from https to an unsafe address")
        return following


class _PlainConnection(http.client.HTTPConnection):
    """Tells its owner of the socket that it reads from."""

    def __init__(self, host: str, *, owner: Exchange, **options: Any) -> None:
        super().__init__(host, **options)
        self._owner = owner

    def connect(self) -> None:
        super().connect()
        self._owner.hold(self.sock)


class _SecureConnection(_PlainConnection, http.client.HTTPSConnection):
    """The same; by the order of its bases it connects as the secure one does."""
