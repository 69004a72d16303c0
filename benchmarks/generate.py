"""How fast a film comes. In: a model. Out: one table: GFLOP/s against peak, shares of time, a peer.

The peer is diffusers' Wan transformer of equal width and depth with random weights on the same number of
tokens and as many rows: two where there is guidance, else one. Steps are measured in float32, and in bfloat16 where
the film is made in it, the peer's weights too. Everything is measured in one run on one machine; our step takes
turns with the float32 matrix product that is its yardstick, and with the peer's.
"""

import argparse
import json
import os
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

from kinora.core.machine import PRECISION, Precision, in_bf16, wished_precision
from kinora.generate import Request, generate, lay_out, load, settle
from kinora.media.write import save
from kinora.models.bundle import Bundle

LEFT, RIGHT = torch.randn(2560, 1024), torch.randn(1024, 2048)
PRODUCT = 2 * 2560 * 1024 * 2048
PROMPT = "a red ball bounces past a blue cube on grass at sunset"


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    begin = perf_counter()
    bundle = load(options.model) if options.model else load()
    assert isinstance(bundle, Bundle)
    loading = perf_counter() - begin
    wish = Request(prompts=(PROMPT,), seconds=4.0, seed=7)
    film = generate(bundle, wish)
    with tempfile.TemporaryDirectory() as folder:
        encode = timed(lambda: save(film.clip, Path(folder) / "film.mp4"), repeats=1)
    stages = {"load": loading, **film.timings, "encode": encode}
    total = sum(stages.values())

    precisions: list[Precision] = ["fp32"]
    if in_bf16(wished_precision(), bundle.device):
        precisions.append("bf16")
    result = {
        "film": f"{film.clip.width}x{film.clip.height}, {len(film.clip)} frames",
        "steps": film.request.steps,
        "seconds": {name: round(value, 3) for name, value in stages.items()},
        "share": {name: round(value / total, 3) for name, value in stages.items()},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    for precision in precisions:
        result[precision] = step_in(precision, options.model, wish, peer=not options.no_peer)
    print(json.dumps(result, indent=2))


def step_in(
    precision: Precision, model: str | None, wish: Request, *, peer: bool
) -> dict[str, Any]:
    """A step of the film in one precision: its speed, beside the float32 peak and the peer."""
    os.environ[PRECISION] = precision
    bundle = load(model) if model else load()
    assert isinstance(bundle, Bundle)
    ours, tokens, rows = our_step(bundle, wish)
    flops = counted(ours)
    beside = in_turns(ours, product)
    step, peak = median(own for own, _ in beside), PRODUCT / median(took for _, took in beside)
    told = {
        "tokens": tokens,
        "rows": rows,
        "step_seconds": round(step, 4),
        "gflops": round(flops / step / 1e9, 1),
        "gemm_peak_gflops": round(peak / 1e9, 1),
        "share_of_peak": round(median(flops / own * took / PRODUCT for own, took in beside), 3),
    }
    if peer:
        rounds = in_turns(ours, wan_step(bundle, tokens, rows, precision))
        told |= {
            "wan_step_seconds": round(median(theirs for _, theirs in rounds), 4),
            "times_faster_than_wan": round(median(theirs / own for own, theirs in rounds), 2),
        }
    return told


def our_step(bundle: Bundle, wish: Request) -> tuple[Callable[[], object], int, int]:
    """One step of the film, its tokens and its rows: guidance runs with and without words, a batch of two."""
    settled, shape, _ = settle(bundle, wish)
    canvas = lay_out(bundle, shape)
    assert settled.guidance is not None
    field = bundle.velocity(canvas, bundle.read(settled.prompts), guidance=settled.guidance)
    x = canvas.noise(0)
    patch = bundle.stride.patch
    tokens = len(canvas) * x.shape[2] * x.shape[3] // patch**2

    @torch.inference_mode()
    def step() -> object:
        return field(x, canvas.level)

    return step, tokens, 1 if settled.guidance == 1 else 2


def wan_step(bundle: Bundle, tokens: int, rows: int, precision: Precision) -> Callable[[], object]:
    """The same for a Wan transformer of equal width, depth and perceptron."""
    from diffusers import WanTransformer3DModel

    config = bundle.transformer.config
    wan = WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=config.width // 64, attention_head_dim=64,
        in_channels=config.channels, out_channels=config.channels, text_dim=config.context,
        freq_dim=256, ffn_dim=4 * config.width, num_layers=config.depth,
    ).eval()  # fmt: skip
    dtype, frames = torch.bfloat16 if precision == "bf16" else torch.float32, 9
    wan = wan.to(dtype)
    x = torch.randn(rows, config.channels, frames, 10, tokens // frames // 5 * 2).to(dtype)
    words, time = torch.randn(rows, 20, config.context).to(dtype), torch.full((rows,), 500.0)

    @torch.inference_mode()
    def step() -> object:
        return wan(x, time, words, return_dict=False)

    return step


def counted(work: Callable[[], object]) -> float:
    """Floating-point operations of matrix products, convolutions and attention."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def product() -> object:
    """The machine's own fp32 matrix product, `PRODUCT` operations."""
    return LEFT @ RIGHT


def timed(work: Callable[[], object], *, repeats: int = 9) -> float:
    """The median of several runs after a warm one, seconds."""
    if repeats > 1:
        work()
    return median(clocked(work) for _ in range(repeats))


def in_turns(
    one: Callable[[], object], other: Callable[[], object], *, rounds: int = 25
) -> list[tuple[float, float]]:
    """Seconds of both, round by round: whatever slows the machine for a while slows both."""
    one(), other()
    return [(clocked(one), clocked(other)) for _ in range(rounds)]


def clocked(work: Callable[[], object]) -> float:
    """Seconds that one run takes."""
    begin = perf_counter()
    work()
    return perf_counter() - begin


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-peer", action="store_true", help="without diffusers")
    return parser.parse_args()


if __name__ == "__main__":
    main()
