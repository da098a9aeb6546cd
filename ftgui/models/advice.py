"""What to do about a file that cannot be used: the same words wherever the reason is found."""

DOWNLOAD_AGAIN = "Download or copy it again."
SAVE_STATE_DICT = "Where it was made, save it with torch.save(model.state_dict(), “weights.pth”)."
SAVE_ORDINARY = "Save the weights as ordinary 32-bit or 16-bit tensors."
DO_NOT_USE = "No program that saves weights writes such a file: do not use it."
