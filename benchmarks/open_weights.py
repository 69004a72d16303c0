"""Our denoising step against the library's pipeline, and the memory of decoding.

python benchmarks/open_weights.py step --tokens 192 --layers 4 --compiled
python benchmarks/open_weights.py decode --frames 121 --height 480 --width 832

Random weights, Wan's own block. A "step" is one guided solver step: two passes of the transformer, guidance,
Euler. Theirs is what WanPipeline does at every step with the same components; outputs are compared.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kinora.core.shape import LatentShape
from kinora.denoise.canvas import blank
from kinora.flow.guidance import classifier_free
from kinora.flow.solver.euler import euler


def wan(*, layers: int, heads: int, width: int) -> Any:
    from diffusers import WanTransformer3DModel

    torch.manual_seed(0)
    return (
        WanTransformer3DModel(
            num_attention_heads=heads, attention_head_dim=width, num_layers=layers,
            ffn_dim=4 * heads * width, text_dim=512,
        )
        .eval()
        .requires_grad_(False)
    )  # fmt: skip


def best(work: Callable[[], Tensor], repeats: int) -> tuple[float, Tensor]:
    out, fastest = work(), float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        out = work()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest, out


@torch.inference_mode()
def step(arguments: argparse.Namespace) -> dict[str, Any]:
    from diffusers import FlowMatchEulerDiscreteScheduler

    network = wan(layers=arguments.layers, heads=6, width=64)
    side = 8
    shape = LatentShape(arguments.tokens * 4 // side**2, side, side)
    canvas = blank(shape, channels=16, step=0.25)
    words, negative = torch.randn(2, 1, 512, 512).unbind(0)
    x, scheduler = canvas.noise(0), FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(4)
    here, there = scheduler.sigmas[:2]

    def theirs(called: Any = network) -> Tensor:
        latents, time_ = x.transpose(0, 1)[None], scheduler.timesteps[:1]
        heard = called(latents, time_, words, return_dict=False)[0]
        unheard = called(latents, time_, negative, return_dict=False)[0]
        scheduler.set_begin_index(0)
        scheduler._step_index = None
        guided = unheard + 4.0 * (heard - unheard)
        moved = scheduler.step(guided, scheduler.timesteps[0], latents, return_dict=False)[0]
        return moved[0].transpose(0, 1)

    def field(y: Tensor, level: Tensor) -> Tensor:
        passes = [
            -network(y.transpose(0, 1)[None], level[:1] * 1000, each, return_dict=False)[0]
            for each in (words, negative)
        ]
        return classifier_free(passes[0], passes[1], 4.0)[0].transpose(0, 1)

    def ours() -> Tensor:
        return euler(field, x, here.expand(len(x)), there.expand(len(x)))

    their_seconds, their_x = best(theirs, arguments.repeats)
    our_seconds, our_x = best(ours, arguments.repeats)
    found = {
        "tokens": arguments.tokens,
        "layers": arguments.layers,
        "library_eager_s": round(their_seconds, 4),
        "ours_s": round(our_seconds, 4),
        "ratio": round(their_seconds / our_seconds, 3),
        "largest_difference": float((our_x - their_x).abs().max()),
    }
    if arguments.compiled:
        seconds, _ = best(lambda: theirs(torch.compile(network)), arguments.repeats)
        found["library_compiled_s"] = round(seconds, 4)
    return found


@torch.inference_mode()
def decode_once(arguments: argparse.Namespace) -> dict[str, Any]:
    """In a process of its own: the peak of a process never falls."""
    from diffusers import AutoencoderKLWan

    from kinora.open_weights.stream import Tiling, draw

    torch.manual_seed(0)
    vae = AutoencoderKLWan(base_dim=arguments.base).eval()
    frames = (arguments.frames - 1) // 4 + 1
    z = torch.randn(1, 16, frames, arguments.height // 8, arguments.width // 8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    if arguments.how == "whole":
        vae.decode(z).sample  # noqa: B018
    else:
        for _ in draw(vae, z, tiling=Tiling()):
            pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"mb": (peak - before) / 1024, "seconds": time.perf_counter() - start}


def decode(arguments: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {"frames": arguments.frames, "base": arguments.base}
    for how in ("whole", "tiled"):
        words = [sys.executable, __file__, "decode", "--how", how, "--base", str(arguments.base)]
        for name in ("frames", "height", "width"):
            words += [f"--{name}", str(getattr(arguments, name))]
        found[how] = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    found["share_of_memory"] = round(found["tiled"]["mb"] / found["whole"]["mb"], 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("step", "decode"))
    parser.add_argument("--tokens", type=int, default=192)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--frames", type=int, default=121)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--width", type=int, default=832)
    parser.add_argument("--base", type=int, default=96, help="width of the decoder")
    parser.add_argument("--how", choices=("both", "whole", "tiled"), default="both")
    arguments = parser.parse_args()
    if arguments.what == "step":
        found = step(arguments)
    else:
        found = decode(arguments) if arguments.how == "both" else decode_once(arguments)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
