"""Run before anything else in the built program, which leaves triton out: torch need not warn that it did."""

import logging

logging.getLogger("torch.utils.flop_counter").setLevel(logging.ERROR)
