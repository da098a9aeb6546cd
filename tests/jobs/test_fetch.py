"""Official weights, fetched as both front ends do: from the folder of torch.hub, or into it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftgui.core.download import Progress
from ftgui.core.errors import FtguiError
from ftgui.core.settings import EngineSettings, write_settings
from ftgui.jobs.fetch import address, fetch
from ftgui.models import catalog
from tests.core.http_server import Answer, Server, closed_port, publish, serving, without_proxies

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    without_proxies(monkeypatch)
    with serving(CONTENT) as started:
        publish(monkeypatch, started)
        yield started


def test_official_weights_come_from_the_server_of_the_settings_to_where_torch_hub_looks(
    server: Server,
) -> None:
    *said, path = fetch("resnet18", "IMAGENET1K_V1")
    assert path == catalog.hub_folder() / "resnet18-f37072fd.pth"
    assert isinstance(path, Path)
    assert path.read_bytes() == CONTENT
    assert said[-1] == Progress(len(CONTENT), len(CONTENT))
    assert [asked["path"] for asked in server.asked] == ["/models/resnet18-f37072fd.pth"]
    assert catalog.kept().has(catalog.find("resnet18", "IMAGENET1K_V1"))


def test_weights_that_are_there_need_no_network(server: Server) -> None:
    *_, path = fetch("resnet18", "IMAGENET1K_V1")
    write_settings(EngineSettings(weights_url=f"http://127.0.0.1:{closed_port()}/"))
    *said, again = fetch("resnet18", "IMAGENET1K_V1")
    assert again == path
    assert {progress.note for progress in said if isinstance(progress, Progress)} == {"checking"}
    with pytest.raises(FtguiError, match="no connection"):
        list(fetch("resnet34", "IMAGENET1K_V1"))


def test_each_weights_have_their_own_file(server: Server) -> None:
    paths = [[*fetch("resnet50", name)][-1] for name in ("IMAGENET1K_V1", "IMAGENET1K_V2")]
    assert [Path(str(path)).name for path in paths] == ["resnet50-0676ba61.pth", "resnet50-11ad3fa6.pth"]


def test_a_cancelled_fetch_says_no_path(server: Server) -> None:
    server.answers(Answer(stall_after=1000))
    cancel, said = threading.Event(), []
    for item in fetch("resnet18", "IMAGENET1K_V1", cancel):
        said.append(item)
        if server.stalled.is_set():
            cancel.set()
    assert not [item for item in said if isinstance(item, Path)]
    assert not (catalog.hub_folder() / "resnet18-f37072fd.pth").exists()


def test_weights_that_cannot_be_fine_tuned_are_not_downloaded(server: Server) -> None:
    with pytest.raises(FtguiError, match="cannot be fine-tuned") as caught:
        list(fetch("vgg16", "IMAGENET1K_FEATURES"))
    assert caught.value.hint
    with pytest.raises(FtguiError, match="no official weights"):
        list(fetch("vgg16", "IMAGENET1K_V7"))
    assert server.asked == []


def test_as_it_comes_a_file_is_asked_for_at_torchvisions_own_address() -> None:
    row = catalog.find("vit_b_16", "IMAGENET1K_SWAG_E2E_V1")
    assert address(row) == "https://download.pytorch.org/models/vit_b_16_swag-9ac1b537.pth"
