"""A page in headless Chromium: what it asks for, what it complains of, and how it is drawn."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

START = """
import fcntl, os, sys
told, tells = (fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3])
os.dup2(told, 3)
os.dup2(tells, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Gives the ends of the pipes the numbers that the browser looks for."""

BEYOND = """[...document.querySelectorAll("main *")].filter(e => {
    const card = e.closest(".scroll") ?? e.closest(".card");
    if (!card || e.closest(".scroll table")) return false;
    const r = e.getBoundingClientRect(), c = card.getBoundingClientRect();
    return r.width && (r.right > c.right + 1 || r.left < c.left - 1);
}).map(e => e.outerHTML.slice(0, 200))"""
"""Of a page, what reaches beyond the card that it stands in, as drawn with the fonts there are."""


class Chromium:
    """A browser without a window, spoken to over its pipe (the DevTools protocol)."""

    def __init__(self, profile: Path) -> None:
        assert BROWSER is not None
        (theirs_in, self._out), (self._in, theirs_out) = os.pipe(), os.pipe()
        flags = (
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--remote-debugging-pipe", f"--user-data-dir={profile}"),
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", START, str(theirs_in), str(theirs_out), BROWSER, *flags, "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._number, self._rest, self._session = 0, b"", ""
        self.told: list[dict[str, Any]] = []
        """What it told of the page, unasked."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Log", "Runtime", "Page"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return the answer to a command."""
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        return self._next(lambda said: said.get("id") == self._number)["result"]  # type: ignore[no-any-return]

    def open(self, page: Path) -> None:
        """Open a page and wait until it, and everything in it, is there and drawn."""
        self.ask("Page.navigate", url=page.as_uri())
        if not self.all_told("Page.loadEventFired"):
            self._next(lambda said: said.get("method") == "Page.loadEventFired")
        self.value("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(0))))")

    def value(self, expression: str) -> Any:
        """Return what a script says of the page."""
        said = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return said["result"].get("value")

    def all_told(self, *methods: str) -> list[dict[str, Any]]:
        return [said["params"] for said in self.told if said.get("method") in methods]

    @property
    def requests(self) -> list[str]:
        return [said["request"]["url"] for said in self.all_told("Network.requestWillBeSent")]

    @property
    def complaints(self) -> list[dict[str, Any]]:
        return self.all_told("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")

    def close(self) -> None:
        os.close(self._out)
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._in)

    def _next(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first message of a kind, and keep those before it."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            while b"\0" in self._rest:
                line, self._rest = self._rest.split(b"\0", 1)
                said: dict[str, Any] = json.loads(line)
                self.told.append(said)
                if is_it(said):
                    return said
            if select.select([self._in], [], [], 1)[0]:
                read = os.read(self._in, 2**16)
                assert read, "the browser is gone"
                self._rest += read
        raise TimeoutError(f"the browser did not answer; it told {self.told[-3:]}")
