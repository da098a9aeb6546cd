"""The exported ``predict.py``: the same pixels and logits as in the program, in a process without it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
import torchvision
from PIL import Image

from ftgui.core.paths import RESOURCES
from ftgui.core.preprocessing import Preprocessing
from ftgui.data import decode
from ftgui.data.decode import decode_picture, load_prepared, prepare_picture
from ftgui.data.pixels import channels_first, normalise
from tests.data.specimens import specimens

HOW = Preprocessing(resize=72, crop=64, interpolation="bicubic", mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
CLASSES = ("ants", "bees", "日本の蜂")


def write_export(folder: Path, architecture: str, model: torch.nn.Module) -> None:
    """Write an export folder by hand: weights, their description and the script."""
    torch.save(model.state_dict(), folder / "model.pth")
    info = {
        "format_version": 1,
        "architecture": architecture,
        "classes": CLASSES,
        "preprocessing": msgspec.to_builtins(HOW),
        "sha256": hashlib.sha256((folder / "model.pth").read_bytes()).hexdigest(),
    }
    (folder / "model.json").write_text(json.dumps(info), encoding="utf-8")
    template = (RESOURCES / "export" / "predict.py.in").read_text(encoding="utf-8")
    assert template.count("# {{DECODE_SOURCE}}") == 1
    source = Path(decode.__file__).read_text(encoding="utf-8")
    (folder / "predict.py").write_text(template.replace("# {{DECODE_SOURCE}}", source), encoding="utf-8")


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    torch.manual_seed(1)
    return torchvision.models.squeezenet1_1(weights=None, num_classes=len(CLASSES)).eval()


@pytest.fixture
def export(tmp_path: Path, model: torch.nn.Module) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    write_export(folder, "squeezenet1_1", model)
    return folder


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory, model: torch.nn.Module) -> dict[str, Any]:
    """What an exported script defines."""
    folder = tmp_path_factory.mktemp("export")
    write_export(folder, "squeezenet1_1", model)
    return opened(folder)


def run_alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a stranger would: from elsewhere, alone, with every warning an error."""
    return subprocess.run(
        [sys.executable, "-I", "-W", "error", str(folder / "predict.py"), *arguments],
        capture_output=True, text=True, encoding="utf-8", check=False, cwd=folder.parent, timeout=120,
    )  # fmt: skip


def opened(folder: Path) -> dict[str, Any]:
    """Run the script within this process, which has torch already, and return what it defines."""
    script: dict[str, Any] = {"__name__": "predict", "__file__": str(folder / "predict.py")}
    exec((folder / "predict.py").read_text(encoding="utf-8"), script)
    return script


def pictures(folder: Path, coloured: Callable[[int, int], Image.Image]) -> list[Path]:
    """Pictures that need every care: turned, transparent, sixteen bits deep, too small, in two inks."""
    turned = Image.Exif()
    turned[0x0112] = 6
    wide = coloured(150, 90)
    made: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "turned.jpg": (wide, {"exif": turned}),
        "clear.png": (Image.merge("RGBA", (*wide.split(), wide.getchannel(0))), {}),
        "deep.png": (wide.convert("L").convert("I").point(lambda v: v * 257 + 0).convert("I;16"), {}),
        "small.webp": (wide.resize((20, 50)), {}),
        "ink.tif": (wide.convert("CMYK"), {}),
        "large.jpg": (wide.resize((650, 431)), {"exif": turned}),
    }
    for name, (image, options) in made.items():
        image.save(folder / name, **options)
    return [folder / name for name in made]


def test_the_script_gives_the_logits_of_the_program(
    export: Path, model: torch.nn.Module, tmp_path: Path, coloured: Callable[[int, int], Image.Image]
) -> None:
    paths = pictures(tmp_path, coloured)
    ended = run_alone(export, "--json", *map(str, paths))
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["picture"] for line in lines] == [str(path) for path in paths]
    for path, line in zip(paths, lines, strict=True):
        image = load_prepared(path, HOW.resize, HOW.crop, HOW.interpolation)
        batch = normalise(torch.from_numpy(channels_first(image))[None], HOW, "cpu")
        with torch.inference_mode():
            expected = model(batch)[0]
        logits = {entry["class"]: entry["logit"] for entry in line["top"]}
        assert torch.tensor([logits[name] for name in CLASSES]).equal(expected)
        chances = [entry["probability"] for entry in line["top"]]
        assert chances == sorted(chances, reverse=True)
        assert chances == pytest.approx(sorted(expected.softmax(0).tolist(), reverse=True))


@pytest.mark.parametrize("name", specimens())
def test_the_script_decodes_every_mode_and_format_to_the_pixels_of_the_program(
    script: dict[str, Any], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "it.jpg"
    path.write_bytes(specimens()[name].content)
    assert script["decode_picture"](path).tobytes() == decode_picture(path).tobytes()
    for interpolation in ("bilinear", "bicubic"):
        how = msgspec.structs.replace(HOW, resize=20, crop=16, interpolation=interpolation)
        seen = script["logits"](lambda batch: batch, str(path), msgspec.to_builtins(how))
        image = prepare_picture(decode_picture(path), how.resize, how.crop, how.interpolation)
        assert seen.equal(normalise(torch.from_numpy(channels_first(image))[None], how, "cpu")[0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_script_decodes_a_large_jpeg_smaller_as_the_program_does(
    script: dict[str, Any], tmp_path: Path, coloured: Callable[[int, int], Image.Image], orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "large.jpg"
    coloured(650, 431).save(path, exif=exif)
    seen = script["logits"](lambda batch: batch, str(path), msgspec.to_builtins(HOW))
    image = load_prepared(path, HOW.resize, HOW.crop, HOW.interpolation)
    assert seen.equal(normalise(torch.from_numpy(channels_first(image))[None], HOW, "cpu")[0])
    assert decode_picture(path, HOW.resize).size != decode_picture(path).size


def test_the_script_reads_heic_as_the_program_does(
    script: dict[str, Any], tmp_path: Path, coloured: Callable[[int, int], Image.Image]
) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.heic"
    coloured(100, 80).save(path, "HEIF", exif=exif.tobytes())
    assert decode_picture(path).size == (80, 100)
    assert script["decode_picture"](path).tobytes() == decode_picture(path).tobytes()


def test_the_script_names_the_package_that_it_lacks_for_heic(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(script["PictureError"], match='pip install "pillow-heif"'):
        script["decode_picture"](path)


def test_the_script_needs_nothing_of_ftgui(export: Path) -> None:
    source = (export / "predict.py").read_text(encoding="utf-8")
    assert "import ftgui" not in source
    assert "from ftgui" not in source


def test_the_script_names_as_many_classes_as_asked_for_in_words(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (80, 80), "red").save(tmp_path / "red.png")
    assert opened(export)["main"](["--top", "2", str(tmp_path / "red.png")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("red.png")
    assert len(lines) == 3
    assert all("%" in line for line in lines[1:])


def test_a_bad_picture_is_said_and_the_others_are_predicted(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (80, 80), "red").save(tmp_path / "red.png")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    assert opened(export)["main"](["--json", str(tmp_path / "bad.jpg"), str(tmp_path / "red.png")]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["picture"].endswith("red.png")
    assert printed.err.count("\n") == 1
    assert "bad.jpg: It is text, not a picture." in printed.err


def flip_a_byte(export: Path) -> None:
    content = bytearray((export / "model.pth").read_bytes())
    content[len(content) // 2] ^= 1
    (export / "model.pth").write_bytes(content)


def drop_the_classes(export: Path) -> None:
    (export / "model.json").write_text('{"architecture": "squeezenet1_1", "preprocessing": {}, "sha256": ""}')


def name_another_architecture(export: Path) -> None:
    path = export / "model.json"
    path.write_text(path.read_text().replace("squeezenet1_1", "resnet18"))


def name_no_architecture(export: Path) -> None:
    path = export / "model.json"
    path.write_text(path.read_text().replace("squeezenet1_1", "nonet"))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (flip_a_byte, "SHA-256"),
        (lambda export: (export / "model.pth").unlink(), "model.pth cannot be read"),
        (lambda export: (export / "model.json").unlink(), "model.json cannot be read"),
        (lambda export: (export / "model.json").write_text("[]"), "model.json cannot be read"),
        (drop_the_classes, "lacks classes"),
        (name_another_architecture, "does not fit the architecture resnet18"),
        (name_no_architecture, "no architecture nonet"),
    ],
)
def test_an_export_that_was_harmed_is_refused_in_words(
    export: Path,
    tmp_path: Path,
    harm: Callable[[Path], object],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Image.new("RGB", (80, 80)).save(tmp_path / "it.png")
    harm(export)
    assert opened(export)["main"]([str(tmp_path / "it.png")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err


@pytest.mark.parametrize("arguments", [[], ["--top", "0", "it.png"], ["--nonsense", "it.png"]])
def test_wrong_usage_exits_with_2(export: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        opened(export)["main"](arguments)
    assert caught.value.code == 2


def test_a_transformer_is_built_for_the_pictures_it_was_trained_on(export: Path) -> None:
    built = opened(export)["build"]("vit_b_32", 3, 64)
    assert built.image_size == 64


@pytest.mark.parametrize("architecture", ["googlenet", "inception_v3"])
def test_networks_with_auxiliary_heads_are_built_as_torchvision_does(export: Path, architecture: str) -> None:
    built = opened(export)["build"](architecture, 3, 224)
    assert built.aux_logits
    assert not built.transform_input
