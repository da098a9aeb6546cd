"""Real photos and real weights, through the program as a script would run it: what the issue promises."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.fixtures import FP32
from tests.harness.process import run_ftgui, run_python

pytestmark = [pytest.mark.real_data, pytest.mark.long]

JUDGE = """
import json, sys
from pathlib import Path
import torch, torchvision
from PIL import Image
from torchvision.transforms._presets import ImageClassification

architecture, export, val = sys.argv[1:]
m = getattr(torchvision.models, architecture)(num_classes=2)
m.load_state_dict(torch.load(export + "/model.pth", weights_only=True))
m.eval()
see = ImageClassification(crop_size=224, resize_size=256)
paths = sorted(path for path in Path(val).rglob("*.jpg"))
labels = torch.tensor([["ants", "bees"].index(path.parent.name) for path in paths])
with torch.inference_mode():
    logits = torch.cat([m(see(Image.open(path).convert("RGB")).unsqueeze(0)) for path in paths])
assert "ftgui" not in sys.modules
print(json.dumps({"accuracy": (logits.argmax(1) == labels).sum().item() / len(labels),
                  "paths": [str(path) for path in paths], "logits": logits.tolist()}))
"""
"""Judges an export with torch, torchvision and Pillow alone: their network, their preprocessing."""


@dataclass(frozen=True)
class Done:
    """A run of the program, and what its last line said."""

    folder: Path
    ended: dict[str, Any]


def train(
    real_data: Path, out: Path, architecture: str, *more: str, strategy: str = "freeze", epochs: int = 5
) -> Done:
    done = run_ftgui(
        "train",
        str(real_data / "hymenoptera_data"),
        "--weights",
        str(real_data / "weights" / f"{architecture}-imagenet.pth"),
        "--strategy",
        strategy,
        "--epochs",
        str(epochs),
        "--seed",
        "0",
        "--out",
        str(out),
        "--json",
        *FP32,
        *more,
        timeout=280,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return Done(out, json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def frozen(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A frozen MobileNetV2, as in the issue."""
    return train(real_data, tmp_path_factory.mktemp("runs") / "frozen", "mobilenet_v2")


def test_a_frozen_mobilenet_reaches_93_percent(frozen: Done) -> None:
    assert frozen.ended["event"] == "run_ended"
    assert frozen.ended["reason"] == "completed"
    assert frozen.ended["best_val_accuracy"] >= 0.93
    assert frozen.ended["frozen_tensors"] == 312, "314 entries, two of them the output layer's"
    assert frozen.ended["frozen_changed"] == 0


def test_its_export_is_as_good_with_torchvision_alone(frozen: Done, real_data: Path, tmp_path: Path) -> None:
    """The same accuracy to the last picture, and the logits of the program, in fp32 over all of val.

    torchvision's own way decodes every picture in full; what ftgui scales while decoding is a little other.
    """
    from ftgui.data.decode import MARGIN
    from ftgui.jobs.predict import open_classifier

    done = run_ftgui("export", str(frozen.folder), "--out", str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stderr
    val = real_data / "hymenoptera_data" / "val"
    judged = run_python("-c", JUDGE, "mobilenet_v2", str(tmp_path / "out"), str(val), cwd=tmp_path)
    assert judged.returncode == 0, judged.stderr
    there = json.loads(judged.stdout)
    model_file = json.loads((tmp_path / "out" / "model.json").read_text(encoding="utf-8"))
    assert there["accuracy"] == frozen.ended["best_val_accuracy"] == model_file["metrics"]["val_accuracy"]

    classifier = open_classifier(tmp_path / "out")
    for path, logits in zip(there["paths"], there["logits"], strict=True):
        here = classifier.logits(classifier._pixels(Path(path)))[0].tolist()
        with Image.open(path) as picture:
            is_scaled = min(picture.size) >= 2 * MARGIN * classifier.preprocessing.resize
        assert here == pytest.approx(logits, abs=0.2 if is_scaled else 1e-3), path
        assert (here[0] > here[1]) == (logits[0] > logits[1]), path


def test_the_same_seed_gives_the_same_metrics_byte_for_byte(
    frozen: Done, real_data: Path, tmp_path: Path
) -> None:
    train(real_data, tmp_path / "again", "mobilenet_v2")
    first, second = (
        _without_seconds(folder / "metrics.csv") for folder in (frozen.folder, tmp_path / "again")
    )
    assert first == second


def test_a_frozen_squeezenet_reaches_87_percent(real_data: Path, tmp_path: Path) -> None:
    done = train(real_data, tmp_path / "run", "squeezenet1_1")
    assert done.ended["best_val_accuracy"] >= 0.87
    assert done.ended["frozen_changed"] == 0


def test_a_slowly_learning_mobilenet_reaches_90_percent(real_data: Path, tmp_path: Path) -> None:
    done = train(real_data, tmp_path / "run", "mobilenet_v2", strategy="small-lr", epochs=3)
    assert done.ended["best_val_accuracy"] >= 0.90
    assert done.ended["frozen_tensors"] == 0


def _without_seconds(path: Path) -> list[list[str]]:
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    keep = [index for index, name in enumerate(rows[0]) if not name.endswith("_seconds")]
    return [[row[index] for index in keep] for row in rows]
