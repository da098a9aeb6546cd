"""``MODEL_CARD.md``: what a stranger needs to know before using the model."""

from __future__ import annotations

from ftgui.evaluation.statistics import wilson_interval
from ftgui.runs.history import RunHistory
from ftgui.training.events import StageInfo


def model_card(history: RunHistory, sha256: str) -> str:
    """Return the card of a run's best weights as Markdown."""
    started, kept = history.started, history.kept
    assert started is not None
    assert kept is not None
    config, plan = started.config, started.preprocessing
    low, high = wilson_interval(kept.val_accuracy, started.val_pictures)
    classes = "\n".join(f"{index}. {name}" for index, name in enumerate(started.class_names))
    learning = ", ".join(f"{s.name} {s.rate}" for s in started.stages if _has_learned(s, kept.epoch))
    count = len(started.class_names)
    trained_on = f"{started.train_pictures} pictures, seed {config.seed}"
    steps = f"lr {config.head_lr:g}, batch size {config.batch_size}, schedule {config.schedule}"
    interval = f"95 % interval {low:.2f} to {high:.2f}, {started.val_pictures} pictures"
    rows = (
        ("Architecture", f"`{started.architecture}` of torchvision"),
        ("Validation accuracy", f"{kept.val_accuracy:.3f} ({interval})"),
        ("Strategy", f"`{config.strategy}`; learning: {learning}"),
        ("Norms of stages that stay", config.norm),
        ("Training", f"{config.epochs} epochs asked, weights of epoch {kept.epoch}, {trained_on}"),
        ("Optimizer", f"{config.optimizer}, {steps}"),
        ("Starting weights", f"{config.starting_weights}, SHA-256 `{started.weights_sha256}`"),
        ("`model.pth`", f"SHA-256 `{sha256}`"),
    )
    facts = "\n".join(f"| {name} | {value} |" for name, value in rows)
    build = (
        f'"{started.architecture}", num_classes={count}{_build_arguments(started.architecture, plan.crop)}'
    )
    return f"""# {started.architecture}, fine-tuned for {count} classes

| | |
|---|---|
{facts}

The validation accuracy is that of the best epoch, chosen on the same pictures: it is a little optimistic.

## Use

```python
import torch, torchvision

model = torchvision.models.get_model({build})
model.load_state_dict(torch.load("model.pth", weights_only=True))
model.eval()
```

Or, with torch, torchvision and Pillow installed: `python predict.py picture.jpg`

A picture is turned upright by its EXIF tag, resized to a short side of {plan.resize} ({plan.interpolation},
antialiased), cropped to the {plan.crop} × {plan.crop} in its centre, scaled to 0..1 and normalised with
mean {list(plan.mean)} and std {list(plan.std)}.

## Classes

{classes}
"""


def _has_learned(stage: StageInfo, epoch: int) -> bool:
    """Whether a stage had moved in an epoch's weights."""
    return stage.learns and stage.from_epoch <= epoch


def _build_arguments(architecture: str, crop: int) -> str:
    """Return what some architectures need to be built without a warning, or for pictures of that size."""
    if architecture in ("googlenet", "inception_v3"):
        return ", init_weights=False"
    return f", image_size={crop}" if architecture.startswith("vit_") else ""
