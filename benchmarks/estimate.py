"""What an estimate foretells against what a film really takes: 12 settings, each in a process of its own.

python benchmarks/estimate.py --threads 1 --clock cpu

Memory is what the film took beside the loaded model at its highest, plus the model's weights. The rates
of the machine are measured in the same process, after the film. On a machine that has other work take
`--clock cpu` with one thread, which leaves out what others took from the processor.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from kinora.models.store import DEFAULT

SETTINGS = (
    # seconds, width, height, guidance; 0 seconds is a still
    (0.0, 256, 160, 3.0),
    (0.0, 768, 512, 3.0),
    (1.0, 128, 96, 3.0),
    (1.0, 384, 256, 3.0),
    (2.0, 192, 128, 1.0),
    (2.0, 256, 160, 3.0),
    (2.0, 512, 320, 3.0),
    (4.0, 256, 160, 1.0),
    (4.0, 256, 160, 3.0),
    (4.0, 384, 256, 3.0),
    (8.0, 256, 160, 3.0),
    (12.0, 128, 96, 3.0),
)


def held(name: str) -> int:
    """Bytes that this process holds: `VmRSS` now, `VmHWM` at its highest."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def film(number: int, *, model: str, steps: int, threads: int, clock: str) -> dict[str, Any]:
    import torch

    from kinora.core.cost import weight_bytes
    from kinora.core.machine import calibrate
    from kinora.core.shape import PixelShape
    from kinora.estimate.film import Wish
    from kinora.estimate.predict import predict
    from kinora.generate import Request, generate, load
    from kinora.models.store import WEIGHTS
    from kinora.open_weights.folder import Folder

    torch.set_num_threads(threads)
    read_clock = time.process_time if clock == "cpu" else time.perf_counter
    seconds, width, height, guidance = SETTINGS[number]
    prompt = ("a red ball bounces past a blue cube on grass at sunset",)
    bundle = load(model)
    generate(bundle, Request(prompt, 0, 32, 32, steps=1))  # what is only loaded once
    weights = sum(
        weight_bytes(part) for part in (bundle.text, bundle.transformer, bundle.autoencoder)
    )  # type: ignore[attr-defined]
    Path("/proc/self/clear_refs").write_text("5")
    before, start = held("VmRSS"), read_clock()
    made = generate(bundle, Request(prompt, seconds, height, width, steps=steps, guidance=guidance))
    took, most = read_clock() - start, held("VmHWM") - before + weights
    frames, high, wide, _ = made.clip.frames.shape
    told = predict(
        Folder(model, WEIGHTS / model), Wish(PixelShape(frames, high, wide), steps, guidance),
        machine=calibrate(torch.device("cpu"), clock=read_clock), dtype=torch.float32,
    )  # fmt: skip
    return {
        "film": f"{wide}x{high}x{frames}",
        "guidance": guidance,
        "stages_s": {name: round(value, 2) for name, value in made.timings.items()},
        "foretold_s": {stage.name: round(stage.seconds, 2) for stage in told.stages},
        "seconds": round(took, 2),
        "seconds_ratio": round(told.seconds / took, 3),
        "mb": round(most / 1e6),
        "mb_ratio": round(told.peak() / most, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of settings, from 0")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        found = film(
            given.one,
            model=given.model,
            steps=given.steps,
            threads=given.threads,
            clock=given.clock,
        )
        print(json.dumps(found))
        return
    rows = []
    for number in given.only or range(len(SETTINGS)):
        words = [sys.executable, __file__, "--one", str(number), *sys.argv[1:]]
        told = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout
        rows.append(json.loads(told))
        print(json.dumps(rows[-1]), flush=True)
    for name in ("seconds_ratio", "mb_ratio"):
        within = sum(0.8 <= row[name] <= 1.2 for row in rows)
        print(f"{name}: {within} of {len(rows)} within 20 %")


if __name__ == "__main__":
    main()
