"""A web server that cuts, stalls and lies, as told.

    with serving(content) as server:
        server.answers(Answer(cut_after=1000), Answer())
        ...

Each request takes the next answer; when they are used up, all get a good one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from ftgui.core.download_words import MEGABYTE
from ftgui.core.settings import EngineSettings, write_settings
from ftgui.models import catalog

LONGEST_STALL = 60.0
"""Seconds after which a stall that nobody ends fails instead of hanging the tests."""
BLOCK = 2**14


@dataclass(frozen=True)
class Answer:
    """How one request is answered. As it comes: rightly, and with the rest of the file where it is asked."""

    status: int = 200
    content: bytes | None = None
    """Sent instead of what is right."""
    claims: int | None = None
    """A Content-Length that is not so; -1: none is sent."""
    cut_after: int | None = None
    """Bytes of the content after which the connection ends."""
    stall_after: int | None = None
    """Bytes of the content after which nothing more comes until the test is over; -1: not even a head."""
    knows_ranges: bool = True
    first: int | None = None
    """Where it says that the rest begins, whatever was asked for."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """What a test sees of it."""

    url: str
    content: bytes
    tag: str = '"version-1"'
    """The file's ETag."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The headers of each request, with its "path"."""
    planned: list[Answer] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    """Set when it has stopped in the midst of an answer."""
    released: threading.Event = field(default_factory=threading.Event)
    """Ends all stalls."""

    def answers(self, *answers: Answer) -> None:
        """Answer the next requests so."""
        self.planned += answers

    def next_answer(self) -> Answer:
        return self.planned.pop(0) if self.planned else Answer()

    @property
    def ranges(self) -> list[str]:
        """What part each request asked for, "" for all."""
        return [headers.get("Range", "") for headers in self.asked]


class _Handler(BaseHTTPRequestHandler):
    serving: Server

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  its own name for it
        """Be quiet."""

    def do_GET(self) -> None:
        self.serving.asked.append({**dict(self.headers.items()), "path": self.path})
        answer = self.serving.next_answer()
        if answer.stall_after == -1:
            self._stall()
            return
        with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked has turned away
            self._send(answer, self._first(answer))

    def _first(self, answer: Answer) -> int:
        """Return the first byte to send: of a part, where one is asked for that is of this version."""
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", self.serving.tag) == self.serving.tag
        return int(part.group(1)) if part and answer.knows_ranges and is_same else 0

    def _send(self, answer: Answer, first: int) -> None:
        if first >= len(self.serving.content):
            self.send_error(416)
            return
        content = self.serving.content[first:] if answer.content is None else answer.content
        self._send_head(answer, first, len(content))
        ends = [end for end in (answer.cut_after, answer.stall_after) if end is not None]
        content = content[: min(ends)] if ends else content
        for start in range(0, len(content), BLOCK):
            self.wfile.write(content[start : start + BLOCK])
        self.wfile.flush()
        if answer.stall_after is not None:
            self._stall()

    def _send_head(self, answer: Answer, first: int, length: int) -> None:
        said = first if answer.first is None else answer.first
        self.send_response(206 if said and answer.status == 200 else answer.status)
        if said:
            self.send_header("Content-Range", f"bytes {said}-{said + length - 1}/{said + length}")
        if answer.claims != -1:
            self.send_header("Content-Length", str(length if answer.claims is None else answer.claims))
        if self.serving.tag:
            self.send_header("ETag", self.serving.tag)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _stall(self) -> None:
        self.serving.stalled.set()
        if not self.serving.released.wait(LONGEST_STALL):
            raise TimeoutError("no test ended this stall")


@contextmanager
def serving(content: bytes) -> Iterator[Server]:
    """Serve ``content`` at any path of ``server.url``; its threads end with it."""

    class Handler(_Handler):
        pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = False  # so that they are waited for
    Handler.serving = server = Server(f"http://127.0.0.1:{listening.server_port}", content)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        listening.shutdown()
        thread.join()
        listening.server_close()


def publish(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Let what ``server`` has be what torchvision publishes for each network, and the settings lead to it."""
    facts = {
        "file_mb": len(server.content) / MEGABYTE,
        "sha256_prefix": hashlib.sha256(server.content).hexdigest()[:8],
    }
    rows = tuple(
        dataclasses.replace(row, weights=msgspec.structs.replace(row.weights, **facts))
        for row in catalog.rows()
    )
    monkeypatch.setattr(catalog, "rows", lambda: rows)
    write_settings(EngineSettings(weights_url=f"{server.url}/models"))


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the proxies of whoever runs the tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
