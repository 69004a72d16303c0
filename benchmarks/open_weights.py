"""Our denoising step against the library's pipeline, and the memory of decoding.

python benchmarks/open_weights.py step --tokens 192 --layers 4 --compiled
python benchmarks/open_weights.py decode --frames 121 --height 480 --width 832 [--counted]
python benchmarks/open_weights.py load --layers 24

Random weights, Wan's own block. A "step" is one guided solver step: two passes of the transformer, guidance,
Euler. Theirs is what WanPipeline does at every step with the same components; outputs are compared.
`--counted` counts the decoder's bytes on the meta device, at its real width of 96. `load` writes a
checkpoint in shards and loads it in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kinora.core.shape import LatentShape
from kinora.denoise.canvas import blank
from kinora.flow.guidance import classifier_free
from kinora.flow.solver.euler import euler
from kinora.open_weights.compiled import compile_blocks
from kinora.open_weights.remember import Memory, hasten, heard_again, recalling


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


def race(works: dict[str, Callable[[], Tensor]], repeats: int) -> dict[str, tuple[float, Tensor]]:
    """The fastest run of each, taken in turns so that other work on the machine hits all alike."""
    outs = {name: work() for name, work in works.items()}
    outs = {name: work() for name, work in works.items()}  # what is kept or compiled is there now
    fastest = dict.fromkeys(works, float("inf"))
    for _ in range(repeats):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            fastest[name] = min(fastest[name], time.perf_counter() - start)
    return {name: (fastest[name], outs[name]) for name in works}


def theirs(network: Any, x: Tensor, words: list[Tensor]) -> Callable[[], Tensor]:
    """What WanPipeline does at every step."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(4)

    def step() -> Tensor:
        latents, moment = x.transpose(0, 1)[None], scheduler.timesteps[:1]
        heard, unheard = (network(latents, moment, each, return_dict=False)[0] for each in words)
        scheduler.set_begin_index(0)
        scheduler._step_index = None
        guided = unheard + 4.0 * (heard - unheard)
        moved = scheduler.step(guided, scheduler.timesteps[0], latents, return_dict=False)[0]
        return moved[0].transpose(0, 1)

    return step


def ours(network: Any, x: Tensor, words: list[Tensor], sigmas: Tensor) -> Callable[[], Tensor]:
    """What `OpenModel` does at every step of a film."""
    memories = [Memory() for _ in words]

    def one_pass(y: Tensor, level: Tensor, number: int) -> Tensor:
        told = {"encoder_hidden_states": words[number]}
        with recalling(network, memories[number]):
            out: Tensor = -network(
                y.transpose(0, 1)[None], level[:1] * 1000, **heard_again(told, memories[number]),
                return_dict=False,
            )[0]  # fmt: skip
        return out

    def field(y: Tensor, level: Tensor) -> Tensor:
        passes = [one_pass(y, level, number) for number in range(2)]
        return classifier_free(passes[0], passes[1], 4.0)[0].transpose(0, 1)

    here, there = (sigma.expand(len(x)) for sigma in sigmas[:2])
    return lambda: euler(field, x, here, there)


@torch.inference_mode()
def step(arguments: argparse.Namespace) -> dict[str, Any]:
    from diffusers import FlowMatchEulerDiscreteScheduler

    side = 8
    shape = LatentShape(arguments.tokens * 4 // side**2, side, side)
    x = blank(shape, channels=16, step=0.25).noise(0)
    words = list(torch.randn(2, 1, 512, 512).unbind(0))
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(4)

    def network() -> Any:
        return wan(layers=arguments.layers, heads=6, width=64)

    works = {
        "library_eager": theirs(network(), x, words),
        "ours": ours(hasten(network()), x, words, scheduler.sigmas),
    }
    if arguments.compiled:
        blocks = hasten(network())
        compile_blocks(blocks, name="wan")
        works["library_compiled"] = theirs(torch.compile(network()), x, words)
        works["ours_compiled"] = ours(blocks, x, words, scheduler.sigmas)
    found = race(works, arguments.repeats)
    their_seconds, their_x = found["library_eager"]
    return {
        "tokens": arguments.tokens,
        "layers": arguments.layers,
        "seconds": {name: round(seconds, 4) for name, (seconds, _) in found.items()},
        "times_as_fast_as_eager": {
            name: round(their_seconds / seconds, 3) for name, (seconds, _) in found.items()
        },
        "largest_difference": {
            name: float((made - their_x).abs().max()) for name, (_, made) in found.items()
        },
    }


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


def counted(arguments: argparse.Namespace) -> dict[str, Any]:
    """Bytes alive at once by the decoder's own code, without its weights or a second of its work."""
    from diffusers import AutoencoderKLWan

    from kinora.core.cost import count
    from kinora.open_weights.stream import Tiling, stream

    meta = torch.device("meta")
    with meta:
        vae = AutoencoderKLWan(base_dim=arguments.base).eval()
    high, wide = arguments.height // 8, arguments.width // 8
    frames = (arguments.frames - 1) // 4 + 1

    def z(count: int, height: int, width: int) -> Tensor:
        return torch.empty(1, 16, count, height, width, device=meta)

    side, film = Tiling().side, 3 * arguments.frames * arguments.height * arguments.width
    tile = z(
        min(3, frames), min(side, high), min(side, wide)
    )  # the third frame is as all later ones
    found = {
        "whole": count(lambda: vae.decode(z(frames, high, wide)).sample).peak,
        "tiled": count(lambda: [None for _ in stream(vae, tile)]).peak + film,
    }
    share = found["tiled"] / found["whole"]
    return {**{f"{k}_mb": round(v / 1e6) for k, v in found.items()}, "share": round(share, 3)}


def load(arguments: argparse.Namespace) -> dict[str, Any]:
    """The highest memory while a sharded checkpoint is read, as a share of its weights."""
    with tempfile.TemporaryDirectory() as place:
        network = wan(layers=arguments.layers, heads=8, width=64)
        network.save_pretrained(Path(place) / "transformer", max_shard_size="40MB")
        index = {
            "_class_name": "WanPipeline",
            "transformer": ["diffusers", "WanTransformer3DModel"],
        }
        (Path(place) / "model_index.json").write_text(json.dumps(index))
        words = [sys.executable, __file__, "load", "--folder", place]
        found = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout
        shards = len(list(Path(place).glob("transformer/*.safetensors")))
    return {"shards": shards, **json.loads(found)}


def load_once(folder: Path) -> dict[str, Any]:
    import diffusers  # noqa: F401  # so that what it takes is there before

    from kinora.core.cost import weight_bytes
    from kinora.open_weights.folder import Folder
    from kinora.open_weights.shelf import Placement, Shelf

    wan(layers=1, heads=1, width=12)
    Path("/proc/self/clear_refs").write_text("5")
    before = held("VmRSS")
    network = Shelf(Folder("measured", folder), Placement()).get("transformer")
    weights, peak = weight_bytes(network), held("VmHWM") - before
    return {
        "weights_mb": round(weights / 1e6),
        "peak_mb": round(peak / 1e6),
        "peak_of_weights": round(peak / weights, 3),
    }


def held(name: str) -> int:
    """Bytes that this process holds: `VmRSS` now, `VmHWM` at its highest."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("step", "decode", "load"))
    parser.add_argument("--tokens", type=int, default=192)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--frames", type=int, default=121)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--width", type=int, default=832)
    parser.add_argument("--counted", action="store_true")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--base", type=int, default=96, help="width of the decoder")
    parser.add_argument("--how", choices=("both", "whole", "tiled"), default="both")
    arguments = parser.parse_args()
    print(json.dumps(measured(arguments), indent=2))


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.what == "step":
        return step(arguments)
    if arguments.what == "load":
        return load(arguments) if arguments.folder is None else load_once(arguments.folder)
    if arguments.counted:
        return counted(arguments)
    return decode(arguments) if arguments.how == "both" else decode_once(arguments)


if __name__ == "__main__":
    main()
