"""What a film will need of memory. In: a model and a size. Out: bytes, counted in a process of its own.

The server itself loads no networks; the counting does (without their weights), takes seconds, and is
remembered. Run as `python -m kinora.serve.foresight` with a question as JSON on stdin.
"""

import subprocess
import sys
import threading
import warnings
from functools import lru_cache

from kinora.core.config import Config
from kinora.core.errors import BusyError
from kinora.serve.card import found

PATIENCE_SECONDS = 120.0
TURN_SECONDS = 2.0
REMEMBERED = 256
_one_at_a_time = threading.Lock()


class Question(Config):
    """A film to be: `model` is a name or a folder, the size is what the model makes."""

    model: str
    frames: int
    height: int
    width: int
    steps: int | None = None


@lru_cache(maxsize=REMEMBERED)
def memory(question: Question) -> int | None:
    """Bytes that a worker needs at the worst moment, its networks included; None if it cannot be told.

    Raises:
        BusyError: another film is being counted, or this one takes too long; nothing is remembered.
    """
    # Requests that wait here would keep others from being answered.
    if not _one_at_a_time.acquire(timeout=TURN_SECONDS):
        raise BusyError("the memory of another film is being counted; ask again")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kinora.serve.foresight"],
            input=question.model_dump_json(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BusyError("counting the memory takes too long here; ask again") from error
    finally:
        _one_at_a_time.release()
    return int(done.stdout.split()[-1]) if done.returncode == 0 else None


def count(question: Question) -> int:
    """Count in this very process."""
    from kinora.core.machine import Machine
    from kinora.core.shape import PixelShape
    from kinora.denoise.stream import window
    from kinora.estimate.film import Wish
    from kinora.estimate.predict import place_for, predict, weightless

    folder, frames = found(question.model), question.frames
    model = weightless(folder)
    placement = place_for(model)
    if folder.pipeline:  # a film that is longer than a window is made, and counted, in windows
        frames = min(frames, model.stride.pixel_frames(window(model)))
    likes = model.capabilities
    shape = PixelShape(frames, question.height, question.width)
    wish = Wish(shape, question.steps or likes.steps[1], likes.guidance)
    # How fast the machine is does not matter here, only whether a heap keeps holes.
    machine = Machine(placement.device.type, 0, 1.0, 1.0, 1.0, 1.0, 0.0)
    return predict(folder, wish, machine=machine, dtype=placement.dtype).peak(placement.plan)


def main() -> None:
    """The process."""
    warnings.simplefilter("ignore")
    print(count(Question.model_validate_json(sys.stdin.read())))


if __name__ == "__main__":
    main()
