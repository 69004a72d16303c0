"""Run by torchrun in place of `kinora`: one process has no memory left, or is interrupted, at its second step.

In: `FAULT` in the environment, `memory` for the second process or `interrupt` for the first.
"""

import os
import signal
from typing import Any

from torch import Tensor

from kinora.cli.main import run
from kinora.open_weights import remember

SECOND_STEP = 5
"""Self-attention's call, of two layers in two guided passes a step."""


def failing(number: int, fault: str) -> None:
    """Let this process, if it has that number, fail while all of them compute."""
    calls, turn = 0, remember.Turning.__call__

    def turned(self: Any, attn: Any, states: Tensor, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += not states.is_meta  # the estimate comes first
        if calls == SECOND_STEP and not states.is_meta:
            if fault == "memory":
                raise MemoryError
            os.kill(os.getpid(), signal.SIGINT)
        return turn(self, attn, states, *args, **kwargs)

    if os.environ["RANK"] == str(number):
        remember.Turning.__call__ = turned  # type: ignore[method-assign]


if __name__ == "__main__":
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # which a shell's background takes away
    failing({"memory": 1, "interrupt": 0}[os.environ["FAULT"]], os.environ["FAULT"])
    run()
