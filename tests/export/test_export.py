"""The export folder, used by people who have never heard of ftgui."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import OrderedDict
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.data.decode import decode_picture, prepare_picture
from ftgui.export import pth
from ftgui.export.card import model_card
from ftgui.export.pth import read_model_file
from ftgui.jobs.export import export
from ftgui.jobs.inspect import inspect_stages
from ftgui.jobs.predict import open_classifier, predict
from ftgui.models.construction import skeleton
from ftgui.runs.history import open_run
from ftgui.runs.store import SplitFile
from ftgui.training.events import EpochEnded, RunEnded, RunStarted
from tests import samples
from tests.fixtures import Drawn, Finished, run_small
from tests.harness.process import run_python

pytestmark = pytest.mark.long  # many runs

LOGITS = """
import json, sys, torch, torchvision
torch.set_num_threads(1)
model = torchvision.models.shufflenet_v2_x0_5(num_classes=3)
model.load_state_dict(torch.load(sys.argv[1] + "/model.pth", weights_only=True))
model.eval()
with torch.inference_mode():
    logits = model(torch.load(sys.argv[1] + "-inputs.pt", weights_only=True))
foreign = {name.split(".")[0] for name in sys.modules} & {"ftgui", "msgspec", "safetensors"}
print(json.dumps([logits.tolist(), sorted(foreign)]))
"""


@pytest.fixture(scope="module")
def run(finished: dict[str, Finished]) -> Finished:
    return finished["full"]


@pytest.fixture(scope="module")
def out(run: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export; look, do not write."""
    folder = tmp_path_factory.mktemp("exports") / "out"
    export(run.folder, folder)
    return folder


def test_transformers_of_other_picture_sizes_can_be_exported() -> None:
    weights = skeleton("vit_b_16", 2, 384).state_dict()
    pth.check_strict_load("vit_b_16", 2, 384, weights)
    with pytest.raises(FtguiError, match="do not fit vit_b_16"):
        pth.check_strict_load("vit_b_16", 2, 224, weights)


def test_an_export_draws_nothing_from_the_generator_that_a_run_beside_it_uses(
    run: Finished, tmp_path: Path
) -> None:
    before = torch.get_rng_state()
    export(run.folder, tmp_path / "out")
    inspect_stages(Path(run.config.weights))
    open_classifier(run.folder)
    assert torch.equal(torch.get_rng_state(), before)


def model_json(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return loaded


def validation_inputs(run: Finished) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the validation pictures as the network sees them, worked out without ftgui's normalising."""
    split = records.read_json(run.folder / "split.json", SplitFile)
    started = next(event for event in run.events if isinstance(event, RunStarted))
    plan = started.preprocessing
    pixels = []
    for picture in split.val:
        image = prepare_picture(
            decode_picture(Path(split.root) / picture.path), plan.resize, plan.crop, plan.interpolation
        )
        raw = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        pixels.append(raw.view(plan.crop, plan.crop, 3).permute(2, 0, 1))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (plan.mean, plan.std))
    return (torch.stack(pixels).float() / 255 - mean) / std, torch.tensor([p.label for p in split.val])


def test_the_folder_holds_these_files(out: Path) -> None:
    assert sorted(path.name for path in out.iterdir()) == [
        "MODEL_CARD.md",
        "labels.txt",
        "model.json",
        "model.pth",
        "predict.py",
    ]


def test_the_model_is_a_plain_state_dict_and_the_very_one_of_the_run(out: Path, run: Finished) -> None:
    exported = torch.load(out / "model.pth", weights_only=True)
    best = torch.load(run.folder / "best.pth", weights_only=True)
    assert type(exported) is OrderedDict
    assert list(exported) == list(best)
    assert all(torch.equal(exported[name], best[name]) for name in best)


def test_torchvision_alone_opens_it_and_says_the_same_as_the_program(out: Path, run: Finished) -> None:
    """In a fresh process that knows nothing but torch and torchvision; in fp32 over all of val."""
    inputs, labels = validation_inputs(run)
    torch.save(inputs, f"{out}-inputs.pt")
    done = run_python("-c", LOGITS, str(out), cwd=out)
    assert done.returncode == 0, done.stderr
    plain, foreign = json.loads(done.stdout)
    assert foreign == []
    there = torch.tensor(plain)

    classifier = open_classifier(out)
    with torch.inference_mode():
        here = classifier.model(inputs)
    torch.testing.assert_close(there, here, rtol=1e-4, atol=1e-4)
    accuracy = (there.argmax(1) == labels).sum().item() / len(labels)
    ended = run.events[-1]
    assert isinstance(ended, RunEnded)
    assert accuracy == ended.best_val_accuracy == model_json(out)["metrics"]["val_accuracy"]
    loss = torch.nn.functional.cross_entropy(there, labels).item()
    assert loss == pytest.approx(ended.best_val_loss, rel=1e-4)


def test_model_json_says_what_it_takes_to_use_the_model(out: Path, run: Finished, drawn: Drawn) -> None:
    found = model_json(out)
    best = max(
        (e for e in run.events if isinstance(e, EpochEnded)),
        key=lambda e: (e.val_accuracy, -(e.val_loss or 0), -e.epoch),
    )
    assert found["format_version"] == 1
    assert found["architecture"] == "shufflenet_v2_x0_5"
    assert found["classes"] == ["apples", "bricks", "clouds"]
    assert found["class_to_idx"] == {"apples": 0, "bricks": 1, "clouds": 2}
    assert found["strategy"] == "full"
    assert found["preprocessing"]["crop"] == 64
    assert found["metrics"] == {
        "best_epoch": best.epoch,
        "val_accuracy": best.val_accuracy,
        "val_loss": best.val_loss,
        "val_pictures": 6,
    }
    assert found["versions"]["torch"] == torch.__version__
    assert found["sha256"] == hashlib.sha256((out / "model.pth").read_bytes()).hexdigest()
    assert found["source_weights_sha256"] == hashlib.sha256(drawn.weights.read_bytes()).hexdigest()


def test_the_labels_are_a_line_each(out: Path) -> None:
    assert (out / "labels.txt").read_text(encoding="utf-8") == "apples\nbricks\nclouds\n"


def test_the_code_of_the_model_card_runs(out: Path) -> None:
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    done = run_python("-W", "error", "-c", f"{code}\nprint(model.fc.out_features, model.training)", cwd=out)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3 False\n"


def test_the_model_card_states_the_run_and_how_sure_its_accuracy_is(out: Path, run: Finished) -> None:
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    ended = run.events[-1]
    assert isinstance(ended, RunEnded)
    assert f"{ended.best_val_accuracy:.3f} (95 % interval " in card
    assert f"weights of epoch {ended.best_epoch}" in card
    assert model_json(out)["sha256"] in card
    assert model_json(out)["source_weights_sha256"] in card
    for line in ("0. apples", "1. bricks", "2. clouds"):
        assert line in card.splitlines()
    assert "None" not in card


def card_of(run: Finished, folder: Path) -> str:
    """Export a run and return its model card."""
    export(run.folder, folder)
    return (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("freeze", "`freeze`; learning: head × 1"),
        ("lr-zero", "`lr-zero`; learning: head × 1"),
        (
            "small-lr",
            "`small-lr`; learning: stem × 0.1, stage2 × 0.1, stage3 × 0.1, stage4-conv5 × 0.1, head × 1",
        ),
        ("partial", "`partial`; learning: stage4-conv5 × 1, head × 1"),
    ],
)
def test_the_model_card_says_what_learned(
    finished: dict[str, Finished], tmp_path: Path, name: str, words: str
) -> None:
    card = card_of(finished[name], tmp_path / "out")
    assert f"| Strategy | {words} |" in card.splitlines()
    assert "| Norms of stages that stay | locked |" in card.splitlines()


LATE = "× 0.1 from epoch 2"


@pytest.mark.parametrize(
    ("epoch", "words"),
    [
        (1, "head × 1"),
        (2, f"stem {LATE}, stage2 {LATE}, stage3 {LATE}, stage4-conv5 {LATE}, head × 1"),
    ],
)
def test_the_card_of_a_thaw_says_what_had_learned_by_the_epoch_whose_weights_these_are(
    finished: dict[str, Finished], epoch: int, words: str
) -> None:
    history = open_run(finished["thaw"].folder)
    assert history.kept is not None
    history.kept = msgspec.structs.replace(history.kept, epoch=epoch)
    assert f"| Strategy | `thaw`; learning: {words} |" in model_card(history, "0" * 64).splitlines()


@pytest.mark.parametrize(("name", "weights"), [("full", "pretrained"), ("scratch", "random")])
def test_the_model_card_says_which_weights_it_began_with(
    finished: dict[str, Finished], tmp_path: Path, name: str, weights: str
) -> None:
    assert f"| Starting weights | {weights}, SHA-256 `" in card_of(finished[name], tmp_path / "out")


STAGES_OF = {
    "partial": [
        ("stem", False, 0.0, 1, False),
        ("stage2", False, 0.0, 1, False),
        ("stage3", False, 0.0, 1, False),
        ("stage4-conv5", True, 1.0, 1, True),
        ("head", True, 1.0, 1, True),
    ],
    "thaw": [
        ("stem", True, 0.1, 2, True),
        ("stage2", True, 0.1, 2, True),
        ("stage3", True, 0.1, 2, True),
        ("stage4-conv5", True, 0.1, 2, True),
        ("head", True, 1.0, 1, True),
    ],
}
"""Each stage, whether it is in the optimizer, its multiple, from which epoch, whether it ever learns."""


@pytest.mark.parametrize("name", STAGES_OF)
def test_model_json_holds_the_plan_stage_by_stage(
    finished: dict[str, Finished], tmp_path: Path, name: str
) -> None:
    export(finished[name].folder, tmp_path / "out")
    found = model_json(tmp_path / "out")
    assert (found["strategy"], found["norm"]) == (name, "locked")
    told = [
        (s["name"], s["in_optimizer"], s["lr_mult"], s["from_epoch"], s["learns"]) for s in found["stages"]
    ]
    assert told == STAGES_OF[name]
    assert [s["parameters"] for s in found["stages"]] == [696, 6936, 45552, 288608, 3075]


def test_an_export_says_which_norm_policy_it_had(drawn: Drawn, tmp_path: Path) -> None:
    run_small(drawn.config(norm="adapt", epochs=1), tmp_path / "run")
    export(tmp_path / "run", tmp_path / "out")
    assert model_json(tmp_path / "out")["norm"] == "adapt"
    assert "| Norms of stages that stay | adapt |" in (tmp_path / "out" / "MODEL_CARD.md").read_text("utf-8")


def test_an_export_of_before_there_were_plans_can_be_used(out: Path, drawn: Drawn, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "old")
    plain = model_json(tmp_path / "old")
    del plain["stages"], plain["norm"]
    (tmp_path / "old" / "model.json").write_text(json.dumps(plain), encoding="utf-8")
    pictures = sorted(drawn.data.rglob("*.png"))[:2]
    assert list(predict(tmp_path / "old", pictures)) == list(predict(out, pictures))


ALONE = """
import runpy, sys
for name in ("ftgui", "msgspec", "platformdirs", "psutil", "PySide6", "safetensors", "tqdm"):
    sys.modules[name] = None  # importing it fails, as where it is not installed
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_predict_py_says_what_ftgui_predict_says_and_needs_nothing_of_ftguis(
    out: Path, run: Finished, drawn: Drawn
) -> None:
    pictures = sorted(drawn.data.rglob("*.png"))[::7]
    script = (str(out / "predict.py"), "--json", *map(str, pictures))
    done = run_python("-W", "error", "-c", ALONE, *script, cwd=out, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    for line, answer in zip(done.stdout.splitlines(), predict(run.folder, pictures), strict=True):
        said = json.loads(line)
        assert said["picture"] == answer.path
        assert tuple(entry["class"] for entry in said["top"]) == answer.classes
        assert [entry["probability"] for entry in said["top"]] == pytest.approx(
            list(answer.probabilities), abs=1e-5
        )


def test_predict_py_refuses_a_damaged_model(out: Path, drawn: Drawn, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "copy")
    with (tmp_path / "copy" / "model.pth").open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"\xff")
    done = run_python(str(tmp_path / "copy" / "predict.py"), str(drawn.data / "apples" / "000.png"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "damaged" in done.stderr
    with pytest.raises(FtguiError, match=r"is not the file that model\.json describes"):
        open_classifier(tmp_path / "copy")


def test_a_run_and_its_export_predict_the_same(out: Path, run: Finished, drawn: Drawn) -> None:
    pictures = sorted(drawn.data.rglob("*.png"))[:3]
    assert list(predict(out, pictures)) == list(predict(run.folder, pictures))


def test_spare_classes_are_exported_under_their_names(drawn: Drawn, tmp_path: Path) -> None:
    run_small(drawn.config(classes=4, epochs=1), tmp_path / "run")
    export(tmp_path / "run", tmp_path / "out")
    assert (tmp_path / "out" / "labels.txt").read_text().splitlines()[-1] == "unused_1"
    assert read_model_file(tmp_path / "out").class_to_idx["unused_1"] == 3


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_folder_that_holds_something_is_refused_and_left_alone(out: Path, run: Finished) -> None:
    before = contents(out)
    with pytest.raises(FtguiError, match="never writes over it"):
        export(run.folder, out)
    assert contents(out) == before


def test_the_run_is_left_as_it_was(run: Finished, tmp_path: Path) -> None:
    before = contents(run.folder)
    export(run.folder, tmp_path / "out")
    assert contents(run.folder) == before


def copied(run: Finished, folder: Path) -> Path:
    shutil.copytree(run.folder, folder)
    return folder


def test_damaged_weights_are_refused_before_the_folder_is_made(run: Finished, tmp_path: Path) -> None:
    folder = copied(run, tmp_path / "run")
    (folder / "best.pth").write_bytes((folder / "best.pth").read_bytes()[:5000])
    with pytest.raises(FtguiError, match=r"best\.pth” cannot be read"):
        export(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_do_not_fit_the_run_are_refused(run: Finished, tmp_path: Path) -> None:
    folder = copied(run, tmp_path / "run")
    samples.calibrated_weights(folder / "best.pth")
    with pytest.raises(FtguiError, match="do not fit shufflenet_v2_x0_5 with 3 classes"):
        export(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_that_kept_no_weights_has_nothing_to_export(run: Finished, tmp_path: Path) -> None:
    folder = copied(run, tmp_path / "run")
    (folder / "best.pth").unlink()
    with pytest.raises(FtguiError, match="kept no weights"):
        export(folder, tmp_path / "out")
    with pytest.raises(FtguiError, match="kept no weights"):
        open_classifier(folder)


def test_a_folder_that_is_neither_run_nor_export_is_said(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="is neither a run nor an export"):
        open_classifier(tmp_path)
    with pytest.raises(FtguiError, match="is not a run folder"):
        export(tmp_path, tmp_path / "out")


def test_an_export_of_a_newer_ftgui_is_refused_by_name(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "copy")
    path = tmp_path / "copy" / "model.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 7', 1))
    with pytest.raises(FtguiError, match="newer ftgui"):
        open_classifier(tmp_path / "copy")


def test_a_run_that_was_cut_off_exports_its_best_epoch_so_far(run: Finished, tmp_path: Path) -> None:
    folder = copied(run, tmp_path / "run")
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "events.jsonl").write_bytes(b"".join(lines[:-1]))
    (folder / "summary.json").unlink()
    export(folder, tmp_path / "out")
    assert model_json(tmp_path / "out") == {
        **model_json(tmp_path / "out"),
        "strategy": "full",
        "classes": ["apples", "bricks", "clouds"],
    }


def test_a_full_disk_is_put_in_words(run: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pth.torch, "save", fail)
    with pytest.raises(FtguiError, match=r"^The export cannot be written to .*No space left on device"):
        export(run.folder, tmp_path / "out")
