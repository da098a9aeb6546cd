"""A trained network that answers for pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torchvision
from PIL import Image
from torchvision.transforms import functional

from ftgui.core.errors import FtguiError
from ftgui.evaluation.classifier import Classifier
from tests import samples
from tests.fixtures import SMALL, Drawn

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture(scope="module", autouse=True)
def on_one_thread() -> Iterator[None]:
    with samples.one_thread():
        yield


@pytest.fixture(scope="module")
def classifier(drawn: Drawn) -> Classifier:
    return Classifier("shufflenet_v2_x0_5", NAMES, SMALL, torch.load(drawn.weights, weights_only=True))


@pytest.fixture(scope="module")
def picture(drawn: Drawn) -> Path:
    return drawn.data / "apples" / "003.png"


def test_it_answers_as_torchvisions_own_network_and_preprocessing_do(
    classifier: Classifier, drawn: Drawn, picture: Path
) -> None:
    model = torchvision.models.shufflenet_v2_x0_5(num_classes=5).eval()
    model.load_state_dict(torch.load(drawn.weights, weights_only=True))
    image = functional.resize(Image.open(picture).convert("RGB"), [SMALL.resize], antialias=True)
    tensor = functional.to_tensor(functional.center_crop(image, [SMALL.crop, SMALL.crop]))
    with torch.inference_mode():
        logits = model(functional.normalize(tensor, SMALL.mean, SMALL.std).unsqueeze(0))
    (answer,) = classifier.predict([picture], top=5)
    order = logits[0].argsort(descending=True).tolist()
    assert answer.classes == tuple(NAMES[index] for index in order)
    assert answer.probabilities == pytest.approx(logits[0].softmax(0)[order].tolist(), abs=1e-6)
    assert answer.path == str(picture)


def test_the_likeliest_come_first_and_as_many_as_asked_for(classifier: Classifier, picture: Path) -> None:
    (two,) = classifier.predict([picture], top=2)
    (all_of_them,) = classifier.predict([picture], top=99)
    assert len(two.classes) == 2
    assert all_of_them.classes[:2] == two.classes
    assert len(all_of_them.classes) == 5
    assert list(all_of_them.probabilities) == sorted(all_of_them.probabilities, reverse=True)
    assert sum(all_of_them.probabilities) == pytest.approx(1, abs=1e-5)


def test_an_answer_does_not_depend_on_the_pictures_beside_it(
    classifier: Classifier, drawn: Drawn, picture: Path
) -> None:
    """In train mode a BatchNorm would make it so."""
    others = sorted((drawn.data / "bricks").iterdir())[:2]
    alone = list(classifier.predict([picture], top=5))
    among = list(classifier.predict([*others, picture], top=5))
    assert among[2] == alone[0]
    assert among[0] != among[1]


@pytest.mark.parametrize("name", ["none.png", "text.png"])
def test_what_is_no_picture_is_named(classifier: Classifier, tmp_path: Path, name: str) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(FtguiError, match=name) as caught:
        list(classifier.predict([tmp_path / name], top=1))
    assert caught.value.hint


def test_weights_that_do_not_fit_are_refused_in_a_sentence(drawn: Drawn) -> None:
    state = torch.load(drawn.weights, weights_only=True)
    with pytest.raises(FtguiError, match="do not fit shufflenet_v2_x0_5 with 3 classes"):
        Classifier("shufflenet_v2_x0_5", NAMES[:3], SMALL, state)
    with pytest.raises(FtguiError, match="do not fit"):
        Classifier("squeezenet1_1", NAMES, SMALL, state)
