"""Downloads from a server that cuts, stalls and lies: whole or not there at all, and nothing lost."""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from ftgui.core import download as downloading
from ftgui.core import web
from ftgui.core.download import Progress, download
from ftgui.core.errors import FtguiError
from tests.core.http_server import Answer, Server, closed_port, serving, without_proxies

SIZE = 300_000
CONTENT = np.random.default_rng(0).bytes(SIZE)
PREFIX = hashlib.sha256(CONTENT).hexdigest()[:8]
OTHER = np.random.default_rng(1).bytes(SIZE)
"""As long as what is right, and wrong."""
SHORT = 0.2
"""Seconds of patience, where patience is to end."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of ``CONTENT``; between two tries nobody waits."""
    monkeypatch.setattr(downloading, "RETRY_SECONDS", (0.0, 0.0, 0.0))
    without_proxies(monkeypatch)
    with serving(CONTENT) as started:
        yield started


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "hub" / "resnet18-f37072fd.pth"


def run(work: Generator[Progress, None, Path | None]) -> tuple[list[Progress], Path | None]:
    """Run a download to its end; return what it said and what it returned."""
    said = []
    while True:
        try:
            said.append(next(work))
        except StopIteration as end:
            return said, end.value


def fetch(server: Server, target: Path, **options: Any) -> Path | None:
    """Download the file as it is published."""
    options = {"sha256_prefix": PREFIX, "about_bytes": SIZE, **options}
    return run(download(f"{server.url}/file.pth", target, **options))[1]


def fails(server: Server, target: Path, **options: Any) -> FtguiError:
    """Return why a download fails; its words are for people, and there is no target."""
    with pytest.raises(FtguiError) as caught:
        fetch(server, target, **options)
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    assert not target.exists()
    return caught.value


def part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def is_whole(target: Path) -> bool:
    """Whether the file is there, right, and alone in its folder."""
    return target.read_bytes() == CONTENT and beside(target) == {target.name}


def beside(target: Path) -> set[str]:
    """Return the names of all that lies in the folder of ``target``."""
    return {path.name for path in target.parent.iterdir()}


# As it should be --------------------------------------------------------------------------------------------


def test_a_file_is_downloaded_whole_and_alone(server: Server, target: Path) -> None:
    said, path = run(
        download(f"{server.url}/file.pth", target, sha256_prefix=PREFIX.upper(), about_bytes=SIZE + 900)
    )
    assert path == target
    assert is_whole(target)
    flowing = [progress.done for progress in said if not progress.note]
    assert flowing == sorted(flowing)
    assert said[-1] == Progress(SIZE, SIZE)
    assert [asked["path"] for asked in server.asked] == ["/file.pth"]
    assert server.asked[0]["User-Agent"].startswith("ftgui/")


def test_a_file_that_is_there_and_right_is_not_asked_for(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    before = target.stat().st_mtime_ns
    assert fetch(server, target) == target
    assert (server.asked, target.stat().st_mtime_ns) == ([], before)
    assert is_whole(target)


def test_a_good_file_is_found_without_a_network_in_a_folder_that_cannot_be_written_to(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    monkeypatch.setattr(downloading, "_alone", None)  # which would write a lock
    nowhere = f"http://127.0.0.1:{closed_port()}/file.pth"
    assert run(download(nowhere, target, sha256_prefix=PREFIX))[1] == target


def test_another_file_of_that_name_makes_room_and_keeps_its_bytes(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"damaged")
    server.answers(Answer(status=404))
    with pytest.raises(FtguiError):
        fetch(server, target)
    assert target.read_bytes() == b"damaged"
    assert fetch(server, target) == target
    assert target.read_bytes() == CONTENT
    assert beside(target) == {target.name, f"{target.name}.other"}
    assert target.with_name(f"{target.name}.other").read_bytes() == b"damaged"


@pytest.mark.parametrize("length", [None, -1], ids=["with a length", "without"])
def test_a_redirect_is_followed_with_what_was_asked_for(
    length: int | None, server: Server, target: Path
) -> None:
    _leave_part(target, CONTENT[:1000])
    server.answers(Answer(status=302, headers={"Location": "/elsewhere"}, content=b""), Answer(claims=length))
    assert fetch(server, target) == target
    assert is_whole(target)
    assert [asked["path"] for asked in server.asked] == ["/file.pth", "/elsewhere"]
    assert server.ranges == ["bytes=1000-"] * 2


def test_a_proxy_of_the_environment_is_asked(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    address = "http://weights.invalid/models/file.pth"
    assert run(download(address, target, sha256_prefix=PREFIX))[1] == target
    assert [asked["path"] for asked in server.asked] == [address]


# Cuts -------------------------------------------------------------------------------------------------------


def test_after_a_cut_it_goes_on_where_it_was(server: Server, target: Path) -> None:
    server.answers(Answer(cut_after=100_000), Answer(cut_after=50_000))
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges == ["", "bytes=100000-", "bytes=150000-"]
    assert [asked.get("If-Range") for asked in server.asked] == [None, server.tag, server.tag]


def test_as_long_as_something_arrives_it_goes_on(server: Server, target: Path) -> None:
    server.answers(*[Answer(cut_after=30_000)] * 9)
    assert fetch(server, target) == target
    assert is_whole(target)
    assert len(server.asked) == 10


def test_cut_again_and_again_it_gives_up_and_keeps_what_arrived_for_the_next_time(
    server: Server, target: Path
) -> None:
    server.answers(Answer(cut_after=100_000), *[Answer(cut_after=0)] * 4)
    error = fails(server, target)
    assert "was cut" in error.message
    assert "The 0.1 MB that arrived are kept" in error.hint
    assert part(target).read_bytes() == CONTENT[:100_000]
    assert len(server.asked) == 5
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges[-1] == "bytes=100000-"


def test_a_server_that_ignores_what_is_asked_for_and_cuts_does_not_keep_it_busy_for_ever(
    server: Server, target: Path
) -> None:
    server.answers(*[Answer(cut_after=1000, knows_ranges=False)] * 20)
    assert "was cut" in fails(server, target).message
    assert len(server.asked) == 5


def test_a_stall_is_a_cut(server: Server, target: Path) -> None:
    server.answers(Answer(stall_after=100_000))
    assert fetch(server, target, timeout=SHORT) == target
    assert is_whole(target)
    assert server.ranges == ["", "bytes=100000-"]


def test_a_server_that_never_answers_is_no_connection(server: Server, target: Path) -> None:
    server.answers(*[Answer(stall_after=-1)] * 5)
    assert fails(server, target, timeout=SHORT).message == "There is no connection to 127.0.0.1."
    assert len(server.asked) == 1


def test_a_server_that_ignores_what_is_asked_for_sends_it_anew(server: Server, target: Path) -> None:
    _leave_part(target, CONTENT[:1000])
    server.answers(Answer(knows_ranges=False))
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges == ["bytes=1000-"]


def test_a_part_of_another_version_is_not_continued(server: Server, target: Path) -> None:
    _leave_part(target, OTHER[:1000], version='"version-0"')
    assert fetch(server, target) == target
    assert is_whole(target)
    assert (server.ranges, server.asked[0]["If-Range"]) == (["bytes=1000-"], '"version-0"')


def test_a_part_of_which_no_version_is_known_is_continued_and_checked(server: Server, target: Path) -> None:
    """Some servers name no versions; the hash tells in the end, and then all is asked for anew."""
    server.tag = ""
    _leave_part(target, CONTENT[:1000])
    assert fetch(server, target) == target
    assert is_whole(target)
    target.unlink()
    _leave_part(target, OTHER[:1000])
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges == ["bytes=1000-", "bytes=1000-", ""]


@pytest.mark.parametrize("length", [SIZE, SIZE + 1000])
def test_a_part_that_the_server_has_no_rest_of_is_asked_for_anew(
    length: int, server: Server, target: Path
) -> None:
    _leave_part(target, (OTHER * 2)[:length])
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges == [f"bytes={length}-", ""]


def test_a_part_that_is_whole_already_needs_no_network(target: Path) -> None:
    _leave_part(target, CONTENT)
    nowhere = f"http://127.0.0.1:{closed_port()}/file.pth"
    assert run(download(nowhere, target, sha256_prefix=PREFIX))[1] == target
    assert is_whole(target)


def test_a_rest_that_begins_elsewhere_is_not_put_behind_the_part(server: Server, target: Path) -> None:
    server.answers(Answer(cut_after=1000), Answer(first=5000))
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges == ["", "bytes=1000-", ""]


# Lies -------------------------------------------------------------------------------------------------------


def test_other_bytes_are_refused_and_deleted(server: Server, target: Path) -> None:
    server.answers(*[Answer(content=OTHER)] * 2)
    error = fails(server, target)
    assert error.message == (
        "What came from 127.0.0.1 is not the file “resnet18-f37072fd.pth” that torchvision publishes."
    )
    assert not part(target).exists()
    assert len(server.asked) == 2
    assert fetch(server, target) == target
    assert is_whole(target)


def test_bytes_that_were_changed_on_the_way_are_asked_for_once_more(server: Server, target: Path) -> None:
    server.answers(Answer(content=b"\0" + CONTENT[1:]))
    assert fetch(server, target) == target
    assert is_whole(target)


@pytest.mark.parametrize("claims", [SIZE + 1000, -1], ids=["too long", "none"])
def test_a_wrong_length_does_not_matter_where_the_bytes_are_right(
    claims: int, server: Server, target: Path
) -> None:
    server.answers(Answer(claims=claims))
    assert fetch(server, target) == target
    assert is_whole(target)
    assert len(server.asked) == 1


def test_a_length_that_is_too_short_is_no_whole_file(server: Server, target: Path) -> None:
    server.answers(*[Answer(claims=SIZE - 1000)] * 2)
    assert "is not the file" in fails(server, target).message
    assert fetch(server, target) == target
    assert is_whole(target)


@pytest.mark.parametrize("claims", [None, -1], ids=["and says so", "without saying so"])
def test_a_server_that_sends_too_much_is_not_heard_to_the_end(
    claims: int | None, server: Server, target: Path
) -> None:
    server.answers(Answer(content=OTHER * 40, claims=claims))
    assert "is not the file" in fails(server, target).message
    assert len(server.asked) == 1
    assert not part(target).exists()


def test_without_a_length_a_cut_is_told_from_the_end(server: Server, target: Path) -> None:
    server.answers(Answer(claims=-1, cut_after=1000))
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges == ["", "bytes=1000-"]


def test_a_page_that_asks_to_log_in_is_not_taken_for_the_file(server: Server, target: Path) -> None:
    _leave_part(target, CONTENT[:1000])
    page = b"<html>Welcome to our wireless network!</html>"
    server.answers(Answer(content=page, knows_ranges=False, headers={"Content-Type": "text/HTML; a=b"}))
    error = fails(server, target)
    assert "a web page came from 127.0.0.1" in error.message
    assert "log in" in error.hint
    assert part(target).read_bytes() == CONTENT[:1000]
    assert fetch(server, target) == target
    assert is_whole(target)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_a_file_that_the_server_does_not_give_is_asked_for_once(
    status: int, server: Server, target: Path
) -> None:
    server.answers(Answer(status=status))
    error = fails(server, target)
    assert f"does not give the file “resnet18-f37072fd.pth”: {status}" in error.message
    assert f"{server.url}/file.pth" in error.hint
    assert str(target.parent) in error.hint
    assert len(server.asked) == 1
    assert fetch(server, target) == target


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(status: int, server: Server, target: Path) -> None:
    server.answers(*[Answer(status=status)] * 3)
    assert fetch(server, target) == target
    assert is_whole(target)
    target.unlink()
    server.answers(*[Answer(status=status)] * 4)
    error = fails(server, target)
    assert f"does not give the file “resnet18-f37072fd.pth”: {status}" in error.message


def test_a_server_that_leads_in_a_circle_is_left(server: Server, target: Path) -> None:
    server.answers(*[Answer(status=302, headers={"Location": "/file.pth"}, content=b"")] * 20)
    error = fails(server, target)
    assert "does not give the file" in error.message
    assert len(server.asked) < 20


def test_from_a_safe_connection_nobody_is_led_to_an_unsafe_one() -> None:
    def led(start: str, to: str) -> urllib.request.Request | None:
        request = urllib.request.Request(start)
        return web._Redirects().redirect_request(request, None, 302, "Found", {}, to)

    assert led("https://a.invalid/", "https://b.invalid/") is not None
    assert led("http://a.invalid/", "https://b.invalid/") is not None
    with pytest.raises(OSError, match="from https to an unsafe address"):
        led("https://a.invalid/", "http://b.invalid/")


# No network -------------------------------------------------------------------------------------------------


def test_without_anybody_listening_it_says_so_at_once(server: Server, target: Path) -> None:
    server.url = f"http://127.0.0.1:{closed_port()}"
    error = fails(server, target)
    assert error.message == "There is no connection to 127.0.0.1."
    assert f"download {server.url}/file.pth on another computer" in error.hint
    assert f"put it into the folder “{target.parent}”" in error.hint
    assert "refused" in error.details
    assert beside(target) == {f".{target.name}.lock"}


@pytest.mark.parametrize(
    "failure",
    [socket.gaierror(-3, "Temporary failure in name resolution"), OSError(101, "Network is unreachable")],
)
def test_without_a_network_it_says_so_at_once(
    failure: OSError, server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_arguments: object, **_options: object) -> None:
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    server.url = "http://weights.invalid"
    error = fails(server, target)
    assert error.message == "There is no connection to weights.invalid."
    assert str(failure.strerror) in error.details


def test_a_network_that_goes_away_in_the_midst_is_a_cut(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers(Answer(cut_after=1000))
    found = socket.getaddrinfo

    def look_up(*arguments: Any, **options: Any) -> Any:
        if server.asked:
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return found(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = fails(server, target)
    assert "was cut" in error.message
    assert part(target).read_bytes() == CONTENT[:1000]


def test_a_server_that_cannot_show_who_it_is_gets_no_second_try(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(_connection: object) -> None:
        raise ssl.SSLCertVerificationError("certificate has expired")

    monkeypatch.setattr(web._SecureConnection, "connect", connect)
    server.url = "https://weights.invalid"
    error = fails(server, target)
    assert "is not safe" in error.message
    assert "expired" in error.details


def test_the_authorities_of_the_web_are_trusted_wherever_the_program_was_built() -> None:
    trusted = web.trusted()
    assert trusted.verify_mode is ssl.CERT_REQUIRED
    assert trusted.check_hostname
    assert len(trusted.get_ca_certs()) > 50


# Cancelling -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["the event", "closing"])
@pytest.mark.parametrize("stall_after", [-1, 100_000], ids=["before an answer", "in the midst"])
def test_a_cancel_ends_a_stall_at_once_and_keeps_what_arrived(
    stall_after: int, by: str, server: Server, target: Path
) -> None:
    """The stall would last until the test is over, and the timeout is an hour away."""
    server.answers(Answer(stall_after=stall_after))
    cancel = threading.Event()
    work = download(
        f"{server.url}/file.pth", target, sha256_prefix=PREFIX, about_bytes=SIZE, cancel=cancel, timeout=3600
    )
    arrived = -1
    while not server.stalled.is_set() or arrived < stall_after:
        arrived = next(work).done
    if by == "closing":
        work.close()
    else:
        cancel.set()
        assert run(work)[1] is None
    assert not target.exists()
    assert (part(target).stat().st_size if part(target).exists() else -1) == stall_after
    assert not [thread for thread in threading.enumerate() if thread.name == "ftgui download"]
    assert fetch(server, target) == target
    assert is_whole(target)


def test_a_name_that_is_looked_up_for_ever_does_not_hold_up_a_cancel(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, found = threading.Event(), threading.Event()

    def look_up(*_arguments: object, **_options: object) -> None:
        looking.set()
        found.wait(60)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    cancel = threading.Event()
    work = download("http://weights.invalid/f", target, sha256_prefix=PREFIX, cancel=cancel, timeout=3600)
    while not looking.is_set():
        assert next(work) == Progress(0, None, "connecting")
    cancel.set()
    assert run(work) == ([], None)
    assert not found.is_set()
    found.set()


def test_a_cancel_interrupts_the_wait_before_the_next_try(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "RETRY_SECONDS", (3600.0,))
    server.answers(Answer(cut_after=1000))
    cancel = threading.Event()
    work = download(f"{server.url}/file.pth", target, sha256_prefix=PREFIX, cancel=cancel)
    assert next(progress for progress in work if progress.note == "retrying").done == 1000
    cancel.set()
    assert run(work) == ([], None)


def test_a_cancel_is_heard_while_a_file_is_checked(server: Server, target: Path) -> None:
    _leave_part(target, CONTENT[:1000])
    cancel = threading.Event()
    cancel.set()
    assert fetch(server, target, cancel=cancel) is None
    assert server.asked == []
    assert part(target).read_bytes() == CONTENT[:1000]


def test_a_cancel_before_anything_arrived_leaves_nothing_but_the_lock(server: Server, target: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    assert fetch(server, target, cancel=cancel) is None
    assert beside(target) <= {f".{target.name}.lock"}


# The disk ---------------------------------------------------------------------------------------------------


def test_too_little_room_is_said_before_anything_is_written(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(target.parent.parent)._replace(free=2**17)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free)
    error = fails(server, target)
    assert error.message == ("“resnet18-f37072fd.pth” needs 0.3 MB more, and the disk has only 0.1 MB free.")
    assert not part(target).exists()
    _leave_part(target, CONTENT[:200_000])
    assert fetch(server, target) == target


def test_a_disk_that_is_full_is_said_and_what_arrived_is_kept(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        write = downloading.Part.write

        def refuse(part: downloading.Part, content: bytes) -> None:
            if part.size + len(content) > SIZE / 2:
                raise OSError(28, "No space left on device")
            write(part, content)

        patch.setattr(downloading.Part, "write", refuse)
        error = fails(server, target)
    assert error.message.endswith("No space left on device.")
    kept = part(target).read_bytes()
    assert 0 < len(kept) < SIZE
    assert CONTENT.startswith(kept)
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges[-1] == f"bytes={len(kept)}-"


def test_a_folder_that_cannot_be_made_is_said_so(server: Server, target: Path) -> None:
    target.parent.write_text("a file where the folder should be")
    error = fails(server, target)
    assert "cannot be kept in" in error.message
    assert "TORCH_HOME" in error.hint
    assert server.asked == []


# Two programs -----------------------------------------------------------------------------------------------


def test_while_another_program_downloads_the_same_file_it_says_so(server: Server, target: Path) -> None:
    target.parent.mkdir()
    with FileLock(target.with_name(f".{target.name}.lock")):
        error = fails(server, target)
    assert error.message == "Another program is downloading “resnet18-f37072fd.pth” just now."
    assert server.asked == []
    assert fetch(server, target) == target


DOWNLOAD = """
import sys
from pathlib import Path
from ftgui.core.download import download
for _ in download(sys.argv[1], Path(sys.argv[2]), sha256_prefix=sys.argv[3]):
    print("going", flush=True)
"""


def test_a_program_that_was_killed_leaves_a_part_to_go_on_with(server: Server, target: Path) -> None:
    server.answers(Answer(stall_after=100_000))
    child = subprocess.Popen(
        [sys.executable, "-c", DOWNLOAD, f"{server.url}/file.pth", str(target), PREFIX],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    while not server.stalled.is_set() or not part(target).exists() or part(target).stat().st_size < 65_536:
        assert child.stdout.readline()
    child.kill()
    child.communicate(timeout=60)
    assert not target.exists()
    assert fetch(server, target) == target
    assert is_whole(target)
    assert server.ranges[-1] != ""


def _leave_part(target: Path, content: bytes, version: str = "") -> None:
    """Leave what an earlier download left."""
    target.parent.mkdir(exist_ok=True)
    part(target).write_bytes(content)
    if version:
        target.with_name(f"{target.name}.part.version").write_text(version)
