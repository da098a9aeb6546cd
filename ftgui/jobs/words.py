"""How a run ended, in words."""

from __future__ import annotations

import traceback

from ftgui.core.errors import FtguiError, first_line
from ftgui.training.config import TrainConfig
from ftgui.training.devices import is_out_of_memory
from ftgui.training.events import Reason


def closing_words(
    reason: Reason, best_epoch: int | None, changed: tuple[str, ...], config: TrainConfig
) -> tuple[str, str]:
    """Return a sentence that says why training ended, and one that says what to do, if anything."""
    kept = f"The best weights, of epoch {best_epoch}, are kept." if best_epoch else "No weights were kept."
    match reason:
        case Reason.PROOF_FAILED:
            return (
                f"{len(changed)} entries that had to stay frozen differ from the weights file, "
                f"the first of them {changed[0]}."
            ), "The weights file changed during the run, or this is a defect of ftgui; please report it."
        case Reason.NAN_LOSS:
            message = "The loss is no longer a finite number, so training ended."
            return message, f"Choose a smaller learning rate. {kept}"
        case Reason.EARLY_STOPPED:
            epochs = "epoch" if config.early_stop == 1 else f"{config.early_stop} epochs"
            what = "loss" if config.early_stop_monitor == "val_loss" else "accuracy"
            return (
                f"Training ended early: the last {epochs} did not improve the validation {what}. {kept}",
                "",
            )
        case Reason.STOPPED:
            return f"Training was stopped. {kept}", ""
        case _:
            return f"Training is complete. {kept}", ""


def explain(error: Exception, config: TrainConfig) -> FtguiError:
    """Put whatever broke a run in words."""
    if isinstance(error, FtguiError):
        return error
    if is_out_of_memory(error):
        smaller = f"Choose a batch size below {config.batch_size}, or close other programs."
        hint = smaller if config.batch_size > 1 else "Close other programs, or train on another device."
        return FtguiError("The memory is not enough for this run.", hint, str(error))
    if isinstance(error, OSError):
        return FtguiError(
            f"A file could not be read or written: {error.strerror or error}.",
            "Check that the disk has room and the folders still exist.",
            str(error),
        )
    return FtguiError(
        f"Something went wrong inside ftgui: {first_line(error)}.",
        "Please report it; where a run had begun, log.txt in its folder says more.",
        "".join(traceback.format_exception(error)),
    )
