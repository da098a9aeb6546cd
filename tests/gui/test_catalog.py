"""The catalogue of official weights in the window: searched, downloaded, cancelled and chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QLineEdit, QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from ftgui.core import download as downloading
from ftgui.core.download import Progress
from ftgui.core.settings import EngineSettings, write_settings
from ftgui.gui.catalog_words import SearchText, arrived_words, details_words, find_words
from ftgui.gui.dialogs.catalog import CatalogDialog
from ftgui.gui.dialogs.catalog_table import CatalogTable
from ftgui.gui.item_models.catalog_model import COLUMNS, CatalogModel
from ftgui.gui.sessions.fetching import Fetching, Pace
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.models import catalog
from tests.core.http_server import Answer, Server, closed_port, publish, serving, without_proxies
from tests.gui.driving import PATIENCE, click, the, words_of
from tests.harness.leaks import deliver_deferred_deletes

CONTENT = bytes(range(256)) * 8192
"""2 MB, so that a part of it is seen to arrive."""
HALF = len(CONTENT) // 2
RESNET18 = "resnet18-f37072fd.pth"

OpenCatalog = Callable[[], CatalogDialog]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Publishes ``CONTENT`` as every file there is; nobody waits between two tries."""
    without_proxies(monkeypatch)
    monkeypatch.setattr(downloading, "RETRY_SECONDS", (0.0,))
    with serving(CONTENT) as started:
        publish(monkeypatch, started)
        yield started


@pytest.fixture
def fetching(qapp: QApplication) -> Iterator[Fetching]:
    """What the main window owns."""
    owned = Fetching()
    yield owned
    owned.shutdown()


@pytest.fixture
def open_catalog(qtbot: QtBot, fetching: Fetching) -> Iterator[OpenCatalog]:
    opened: list[CatalogDialog] = []

    def open_it() -> CatalogDialog:
        dialog = CatalogDialog(fetching)
        opened.append(dialog)
        dialog.finished.connect(lambda: opened.remove(dialog))
        with qtbot.waitActive(dialog, timeout=PATIENCE):
            dialog.show()
            dialog.activateWindow()
        return dialog

    yield open_it
    for dialog in tuple(opened):
        dialog.close()
    deliver_deferred_deletes()


@pytest.fixture
def dialog(server: Server, open_catalog: OpenCatalog) -> CatalogDialog:
    return open_catalog()


# The table --------------------------------------------------------------------------------------------------


def test_all_official_weights_are_listed_with_what_is_known_of_them(
    open_catalog: OpenCatalog, qtbot: QtBot
) -> None:
    """As they are: this one test lets the catalogue be what it is."""
    dialog = open_catalog()
    assert _table(dialog).model().rowCount() == 115
    assert words_of(dialog, "catalog_count") == "115 files"
    _type(qtbot, dialog, "resnet50")
    assert _line(dialog, 0) == [
        "ResNet-50",
        "IMAGENET1K_V2 · recommended",
        "80.9",
        "97.8",
        "25.6 M",
        "4.09",
        "",
    ]
    assert _line(dialog, 1) == ["ResNet-50", "IMAGENET1K_V1", "76.1", "97.8", "25.6 M", "4.09", ""]
    assert words_of(dialog, "catalog_count") == "4 of 115"


def test_numbers_stand_at_the_right_and_titles_explain_themselves(dialog: CatalogDialog) -> None:
    model = _table(dialog).model()
    numbers = [column.title for column in COLUMNS if column.is_number]
    assert numbers == ["Accuracy %", "Size MB", "Parameters", "GFLOPs"]
    for place, column in enumerate(COLUMNS):
        alignment = Qt.AlignmentFlag(model.index(0, place).data(Qt.ItemDataRole.TextAlignmentRole) or 0)
        assert bool(alignment & Qt.AlignmentFlag.AlignRight) is column.is_number
        tip = model.headerData(place, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        assert tip or column.title == "Network"


def test_columns_sort_by_what_they_mean(qtbot: QtBot, open_catalog: OpenCatalog) -> None:
    dialog = open_catalog()
    resnets = [line[0] for line in _lines(dialog) if line[0].startswith("ResNet-")]
    assert resnets == ["ResNet-18", "ResNet-34", *["ResNet-50"] * 2, *["ResNet-101"] * 2, *["ResNet-152"] * 2]
    for title in ("Accuracy %", "Size MB", "GFLOPs"):
        _click_header(qtbot, dialog, title)
        shown = [line[_column(title)].replace(",", "").replace("–", "0") for line in _lines(dialog)]
        assert [float(text) for text in shown] == sorted(map(float, shown))
    _click_header(qtbot, dialog, "Parameters")
    assert _line(dialog, 0)[0] == "SqueezeNet 1.1"
    _click_header(qtbot, dialog, "Parameters")
    assert _line(dialog, 0)[4] == "644.8 M"


def test_no_column_is_cut_and_the_whole_table_fits_across(dialog: CatalogDialog) -> None:
    table = _table(dialog)
    assert not table.horizontalScrollBar().isVisible()
    for place, column in enumerate(COLUMNS):
        longest = max((line[place] for line in _lines(dialog)), key=table.fontMetrics().horizontalAdvance)
        needed = table.fontMetrics().horizontalAdvance(longest) + 16
        assert table.columnWidth(place) >= needed, (column.title, longest)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("resnet 50 v2", {"resnet50/IMAGENET1K_V2", "wide_resnet50_2/IMAGENET1K_V2"}),
        ("V2 ResNet-18", set()),
        ("swin t", {"swin_t/IMAGENET1K_V1", "swin_v2_t/IMAGENET1K_V1"}),
        ("vit b 32", {"vit_b_32/IMAGENET1K_V1"}),
        ("ViT-B/32", {"vit_b_32/IMAGENET1K_V1"}),
        ("vit_b_32", {"vit_b_32/IMAGENET1K_V1"}),
        ("efficientnet b0", {"efficientnet_b0/IMAGENET1K_V1"}),
        ("batch norm 19", {"vgg19_bn/IMAGENET1K_V1"}),
        ("shuffle 0.5", {"shufflenet_v2_x0_5/IMAGENET1K_V1"}),
        ("vit b e2e", {"vit_b_16/IMAGENET1K_SWAG_E2E_V1"}),
    ],
)
def test_a_search_finds_what_has_all_its_words(text: str, found: set[str]) -> None:
    assert _found(text) == found


@pytest.mark.parametrize(
    ("text", "count"), [("", 115), ("  ", 115), ("net", 79), ("imagenet", 115), ("x", 23)]
)
def test_a_short_word_is_looked_for_where_words_begin(text: str, count: int) -> None:
    assert len(_found(text)) == count


def test_what_was_selected_stays_so_while_it_is_found(qtbot: QtBot, dialog: CatalogDialog) -> None:
    _type(qtbot, dialog, "resnet34")
    assert words_of(dialog, "catalog_title") == "ResNet-34 · IMAGENET1K_V1"
    _type(qtbot, dialog, "resnet")
    assert words_of(dialog, "catalog_title") == "ResNet-34 · IMAGENET1K_V1"
    _type(qtbot, dialog, "vit h")
    assert words_of(dialog, "catalog_title") == "ViT H/14 · IMAGENET1K_SWAG_E2E_V1"
    _type(qtbot, dialog, "no such network")
    assert words_of(dialog, "catalog_title") == "Nothing was found"
    assert words_of(dialog, "catalog_details").startswith("Fewer words find more")
    assert not the(dialog, QAbstractButton, "catalog_download").isEnabled()


def test_the_selected_row_is_explained(qtbot: QtBot, dialog: CatalogDialog) -> None:
    _type(qtbot, dialog, "squeezenet 1.1")
    assert words_of(dialog, "catalog_details") == (
        "Quick: a good start on a computer without a graphics card.\n"
        "Looks at the middle of a picture, 224 × 224 pixels of one whose short side is 256."
    )
    _type(qtbot, dialog, "vit b swag e2e")
    words = words_of(dialog, "catalog_details")
    assert "not for commercial use" in words
    assert "384 × 384 pixels." in words


def test_all_rows_have_words_for_them() -> None:
    assert all(details_words(row) for row in catalog.rows())


def test_weights_that_cannot_be_fine_tuned_are_not_offered(qtbot: QtBot, dialog: CatalogDialog) -> None:
    _type(qtbot, dialog, "vgg16 features")
    assert "cannot be fine-tuned" in words_of(dialog, "catalog_details")
    assert not the(dialog, QAbstractButton, "catalog_download").isEnabled()


# On this computer -------------------------------------------------------------------------------------------


def test_what_is_on_this_computer_is_marked_and_can_be_used(
    qtbot: QtBot, server: Server, open_catalog: OpenCatalog
) -> None:
    path = _keep(RESNET18)
    dialog = open_catalog()
    only_here = the(dialog, QCheckBox, "catalog_only_here")
    qtbot.mouseClick(only_here, Qt.MouseButton.LeftButton, pos=QPoint(8, only_here.height() // 2))
    assert [line[0] for line in _lines(dialog)] == ["ResNet-18"]
    mark = _table(dialog).model().index(0, _column("On disk"))
    assert mark.data() == "on disk"
    assert not mark.data(Qt.ItemDataRole.DecorationRole).isNull()
    assert not the(dialog, QAbstractButton, "catalog_download").isVisible()
    with qtbot.waitSignal(dialog.chosen, timeout=PATIENCE) as chosen:
        click(qtbot, dialog, "catalog_use")
    assert chosen.args == [str(path)]
    assert not dialog.isVisible()
    assert server.asked == []


def test_a_file_that_was_put_there_by_hand_is_seen_on_coming_back(
    qtbot: QtBot, dialog: CatalogDialog
) -> None:
    _type(qtbot, dialog, "resnet18")
    assert the(dialog, QAbstractButton, "catalog_download").isVisible()
    _keep(RESNET18)
    QApplication.sendEvent(dialog, QEvent(QEvent.Type.ActivationChange))
    assert the(dialog, QAbstractButton, "catalog_use").isEnabled()
    assert _line(dialog, 0)[-1] == "on disk"


def test_where_nothing_is_on_this_computer_it_says_so(qtbot: QtBot, dialog: CatalogDialog) -> None:
    the(dialog, QCheckBox, "catalog_only_here").click()
    assert _lines(dialog) == []
    assert "Untick the box" in words_of(dialog, "catalog_details")


# Downloading ------------------------------------------------------------------------------------------------


def test_weights_are_downloaded_and_used(
    qtbot: QtBot, server: Server, dialog: CatalogDialog, fetching: Fetching
) -> None:
    server.answers(Answer(stall_after=HALF))
    _type(qtbot, dialog, "resnet18")
    click(qtbot, dialog, "catalog_download")
    assert not the(dialog, QAbstractButton, "catalog_download").isEnabled()
    bar = the(dialog, QProgressBar, "catalog_progress")
    qtbot.waitUntil(lambda: bar.value() == 500, timeout=PATIENCE)
    assert bar.maximum() == 1000
    qtbot.waitUntil(lambda: "1.0 of 2.0 MB · " in _words_of_progress(dialog), timeout=PATIENCE)
    assert " MB/s" in _words_of_progress(dialog)
    with qtbot.waitSignal(dialog.chosen, timeout=PATIENCE) as chosen:
        server.released.set()  # the connection ends, and the rest is asked for
    path = catalog.hub_folder() / RESNET18
    assert chosen.args == [str(path)]
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["", f"bytes={HALF}-"]
    assert not dialog.isVisible()
    assert not fetching.is_active


@pytest.mark.parametrize("by", ["a double click", "enter in the search", "enter in the table"])
def test_the_hands_may_stay_where_they_are(by: str, qtbot: QtBot, dialog: CatalogDialog) -> None:
    _type(qtbot, dialog, "resnet18")
    table = _table(dialog)
    with qtbot.waitSignal(dialog.chosen, timeout=PATIENCE) as chosen:
        if by == "a double click":
            place = table.visualRect(table.model().index(0, 1)).center()
            qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
            qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        elif by == "enter in the search":
            qtbot.keyClick(the(dialog, QLineEdit, "catalog_search"), Qt.Key.Key_Return)
        else:
            qtbot.keyClick(the(dialog, QLineEdit, "catalog_search"), Qt.Key.Key_Down)
            assert table.hasFocus()
            qtbot.keyClick(table, Qt.Key.Key_Return)
    assert chosen.args == [str(catalog.hub_folder() / RESNET18)]


def test_a_download_is_cancelled_and_goes_on_from_there(
    qtbot: QtBot, server: Server, dialog: CatalogDialog, fetching: Fetching
) -> None:
    server.answers(Answer(stall_after=HALF))
    _type(qtbot, dialog, "resnet18")
    click(qtbot, dialog, "catalog_download")
    bar = the(dialog, QProgressBar, "catalog_progress")
    qtbot.waitUntil(lambda: bar.value() == 500, timeout=PATIENCE)
    with qtbot.waitSignal(fetching.cancelled, timeout=PATIENCE):
        click(qtbot, dialog, "catalog_cancel")
    assert not server.released.is_set(), "the stall would have lasted"
    message = the(dialog, MessageBar, "catalog_message")
    assert message.message() == "The download was cancelled."
    assert "goes on from there" in message.hint()
    assert not bar.isVisible()
    assert _line(dialog, 0)[-1] == "50 % arrived"
    with qtbot.waitSignal(dialog.chosen, timeout=PATIENCE):
        click(qtbot, dialog, "message_action")
    assert server.ranges == ["", f"bytes={HALF}-"]


@pytest.mark.parametrize("by", ["button", "escape", "closing it"])
def test_closing_the_dialog_ends_the_download_and_the_next_one_goes_on(
    by: str, qtbot: QtBot, server: Server, open_catalog: OpenCatalog, fetching: Fetching
) -> None:
    server.answers(Answer(stall_after=HALF))
    dialog = open_catalog()
    _type(qtbot, dialog, "resnet18")
    click(qtbot, dialog, "catalog_download")
    qtbot.waitUntil(lambda: _bar(dialog).value() == 500, timeout=PATIENCE)
    with qtbot.waitSignal(fetching.cancelled, timeout=PATIENCE):
        if by == "button":
            click(qtbot, dialog, "catalog_close")
        elif by == "escape":
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        else:
            dialog.close()
        assert not dialog.isVisible()
    again = open_catalog()
    _type(qtbot, again, "resnet18")
    with qtbot.waitSignal(again.chosen, timeout=PATIENCE):
        click(qtbot, again, "catalog_download")
    assert server.ranges == ["", f"bytes={HALF}-"]


def test_other_weights_can_be_used_meanwhile_but_not_downloaded(
    qtbot: QtBot, server: Server, open_catalog: OpenCatalog, fetching: Fetching
) -> None:
    kept = _keep("resnet34-b627a593.pth")
    server.answers(Answer(stall_after=HALF))
    dialog = open_catalog()
    _type(qtbot, dialog, "resnet18")
    click(qtbot, dialog, "catalog_download")
    _type(qtbot, dialog, "resnet50")
    button = the(dialog, QAbstractButton, "catalog_download")
    assert (button.isEnabled(), button.toolTip()) == (False, "One download at a time: another one goes on.")
    _type(qtbot, dialog, "resnet34")
    with (
        qtbot.waitSignal(fetching.cancelled, timeout=PATIENCE),
        qtbot.waitSignal(dialog.chosen, timeout=PATIENCE) as chosen,
    ):
        click(qtbot, dialog, "catalog_use")
    assert chosen.args == [str(kept)]


# When it goes wrong -----------------------------------------------------------------------------------------


def test_without_a_network_it_says_so_and_keeps_working(
    qtbot: QtBot, server: Server, open_catalog: OpenCatalog
) -> None:
    kept = _keep("resnet34-b627a593.pth")
    write_settings(EngineSettings(weights_url=f"http://127.0.0.1:{closed_port()}/"))
    dialog = open_catalog()
    assert _table(dialog).model().rowCount() == 115
    _type(qtbot, dialog, "resnet18")
    click(qtbot, dialog, "catalog_download")
    message = the(dialog, MessageBar, "catalog_message")
    qtbot.waitUntil(message.isVisible, timeout=PATIENCE)
    assert message.message() == "There is no connection to 127.0.0.1."
    assert RESNET18 in message.hint()
    assert str(catalog.hub_folder()) in message.hint()
    assert QApplication.activeModalWidget() is None
    _type(qtbot, dialog, "resnet34")
    with qtbot.waitSignal(dialog.chosen, timeout=PATIENCE) as chosen:
        click(qtbot, dialog, "catalog_use")
    assert chosen.args == [str(kept)]


def test_what_went_wrong_is_said_in_the_dialog_and_can_be_tried_again(
    qtbot: QtBot, server: Server, dialog: CatalogDialog
) -> None:
    server.answers(Answer(status=404))
    _type(qtbot, dialog, "resnet18")
    click(qtbot, dialog, "catalog_download")
    message = the(dialog, MessageBar, "catalog_message")
    qtbot.waitUntil(message.isVisible, timeout=PATIENCE)
    assert "does not give the file" in message.message()
    assert not _bar(dialog).isVisible()
    _type(qtbot, dialog, "resnet50")
    with qtbot.waitSignal(dialog.chosen, timeout=PATIENCE) as chosen:
        click(qtbot, dialog, "message_action")
    assert chosen.args == [str(catalog.hub_folder() / RESNET18)], "what failed is what is tried again"


def test_what_torchvision_did_not_publish_is_not_used(
    qtbot: QtBot, server: Server, dialog: CatalogDialog
) -> None:
    server.answers(*[Answer(content=b"\0" * len(CONTENT))] * 2)
    _type(qtbot, dialog, "resnet18")
    with qtbot.assertNotEmitted(dialog.chosen):
        click(qtbot, dialog, "catalog_download")
        message = the(dialog, MessageBar, "catalog_message")
        qtbot.waitUntil(message.isVisible, timeout=PATIENCE)
    assert "is not the file" in message.message()
    assert _line(dialog, 0)[-1] == ""


# The session ------------------------------------------------------------------------------------------------


def test_shutting_down_ends_a_stalled_download_and_says_no_more(
    qtbot: QtBot, server: Server, fetching: Fetching
) -> None:
    server.answers(Answer(stall_after=HALF))
    fetching.start(catalog.find("resnet18", "IMAGENET1K_V1"))
    with qtbot.assertNotEmitted(fetching.done), qtbot.assertNotEmitted(fetching.failed):
        qtbot.waitUntil(server.stalled.is_set, timeout=PATIENCE)
        fetching.shutdown()
    assert not fetching.is_active
    assert server.ranges == [""], "it went on when the stall was over"


def test_the_speed_is_that_of_the_last_seconds() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert (pace.bytes_per_second, pace.seconds_left(100)) == (0.0, None)
    for second in range(20):
        now[0] = second
        pace.see(10 * second if second < 10 else 90 + 50 * (second - 9))
    assert pace.bytes_per_second == pytest.approx(50)
    assert pace.seconds_left(690) == pytest.approx(2)
    assert pace.seconds_left(None) is None
    pace.see(0)  # all is asked for anew
    assert (pace.bytes_per_second, pace.seconds_left(690)) == (0.0, None)
    now[0] += 60
    pace.see(0)
    assert pace.seconds_left(690) is None, "nothing arrives, so nobody knows"


@pytest.mark.parametrize(
    ("progress", "speed", "left", "words"),
    [
        (Progress(0, None, "connecting"), 0, None, "connecting …"),
        (Progress(2**20, 2**21), 2**19, 2.0, "1.0 of 2.0 MB · 0.5 MB/s · 2.0 s left"),
        (Progress(2**20, None), 0, None, "1.0 MB · 0.0 MB/s"),
        (
            Progress(2**20, 2**21, "retrying"),
            0,
            None,
            "1.0 of 2.0 MB · the connection was cut; trying again …",
        ),
    ],
)
def test_progress_is_put_in_words(progress: Progress, speed: float, left: float | None, words: str) -> None:
    assert arrived_words(progress, speed, left) == words


def test_everything_can_be_named_by_a_screen_reader(dialog: CatalogDialog) -> None:
    widgets = [dialog.findChild(kind, name) for name, kind in NAMES.items()]
    assert all(widgets)
    assert all(widget.accessibleName() or widget.text() for widget in widgets)


NAMES = {
    "catalog_search": QLineEdit,
    "catalog_only_here": QCheckBox,
    "catalog_table": CatalogTable,
    "catalog_use": QAbstractButton,
    "catalog_download": QAbstractButton,
    "catalog_cancel": QAbstractButton,
    "catalog_close": QAbstractButton,
    "catalog_progress": QProgressBar,
}


# ------------------------------------------------------------------------------------------------------------


def _keep(file: str) -> Path:
    """Put ``CONTENT`` where torch.hub would."""
    path = catalog.hub_folder() / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CONTENT)
    return path


def _type(qtbot: QtBot, dialog: CatalogDialog, text: str) -> None:
    field = the(dialog, QLineEdit, "catalog_search")
    qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClicks(field, text)


def _table(dialog: CatalogDialog) -> CatalogTable:
    return the(dialog, CatalogTable, "catalog_table")


def _bar(dialog: QWidget) -> QProgressBar:
    return the(dialog, QProgressBar, "catalog_progress")


def _words_of_progress(dialog: CatalogDialog) -> str:
    return words_of(dialog, "catalog_progress_words")


def _column(title: str) -> int:
    return next(place for place, column in enumerate(COLUMNS) if column.title == title)


def _line(dialog: CatalogDialog, row: int) -> list[str]:
    """Return what a row of the table says."""
    model = _table(dialog).model()
    return [model.index(row, place).data() for place in range(len(COLUMNS))]


def _lines(dialog: CatalogDialog) -> list[list[str]]:
    return [_line(dialog, row) for row in range(_table(dialog).model().rowCount(QModelIndex()))]


def _click_header(qtbot: QtBot, dialog: CatalogDialog, title: str) -> None:
    header, place = _table(dialog).horizontalHeader(), _column(title)
    across = header.sectionViewportPosition(place) + header.sectionSize(place) // 2
    qtbot.mouseClick(
        header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(across, header.viewport().height() // 2)
    )


def _found(text: str) -> set[str]:
    words = find_words(text)
    rows = CatalogModel(catalog.kept()).rows
    return {f"{row.architecture}/{row.weights.name}" for row in rows if SearchText(row).has(words)}
