"""Trains the model that ships, from nothing, in a quarter of an hour of one large GPU and its cores.

    python scripts/quarter_hour.py runs/quarter --seconds 800
    python scripts/quarter_hour.py runs/finer --seconds 500 --from kinora-tiny

With `--from` a trained model goes on by the recipe `film_small_fine`, on latents of its own autoencoder.

The cores render while the GPU learns: first the video compression network of `autoencoder_small`, then the
film model of `film_small`, whose pools grow as clips are drawn and encoded. Run it again on the same folder
and it goes on from what is there. `runs/quarter/bundle` is written every minute and at the end.
"""

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

from kinora.autoencoder.model import Autoencoder
from kinora.core.progress import OnProgress, Progress
from kinora.data.encode import encode_bucket
from kinora.data.pool import Pool, of_shards
from kinora.data.render import Bucket, render_shard
from kinora.data.shards import Shard
from kinora.generate import load
from kinora.models.bundle import Bundle
from kinora.models.store import BASE, WEIGHTS, save_bundle
from kinora.recipes.autoencoder import (
    AutoencoderRecipe,
    as_pixels,
    autoencoder_small,
    load_autoencoder,
    measure,
    save_autoencoder,
)
from kinora.recipes.film import (
    BundleWriter,
    FilmRecipe,
    film_small,
    film_small_fine,
    load_begun,
    sized_as,
)
from kinora.text.tokenizer import Tokenizer
from kinora.train.autoencoder import AutoencoderTask, finish
from kinora.train.crops import Footage
from kinora.train.film import FilmTask
from kinora.train.loop import Trainer

UNSEEN = 2
"""Shards of clips that only measure."""
ROOM = 8e9
"""Bytes of the disk that rendering leaves free; encoded clips are deleted."""
AT_ONCE = {1: 256, 9: 32, 33: 16, 65: 8}
"""Examples of a shard by frames: small ones, so that learning soon sees them."""
EARLY = 0.3
"""Stills are all drawn within this share of the rendering: the film model begins with them."""
STOP = "enough"
"""A file that tells the encoding process to end."""
SEVERAL = 40.0
"""Seconds between two looks at what was rendered meanwhile."""


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=800.0, help="for everything")
    parser.add_argument(
        "--autoencoder", type=float, default=180.0, help="seconds, rendering included"
    )
    parser.add_argument("--from", dest="begin", help="a trained model's name or folder")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2))
    parser.add_argument("--first", type=int, default=768, help="clips to begin with")
    parser.add_argument("--batch", type=int, help="clips a step of the autoencoder")
    parser.add_argument("--tokens", type=int, help="tokens a step of the film model")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    deadline = Deadline(given.folder / "ends", time.time() + given.seconds)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True

    small, film, begin = autoencoder_small(), film_small(), begun(given.begin)
    if begin is not None:
        film = on_gpu(sized_as(film_small_fine(), begin), film)
        save_autoencoder(begin.autoencoder, given.folder / "autoencoder")
    if given.batch:
        task = small.task.model_copy(update={"batch": given.batch, "crop": 96, "latents": 3})
        small = small.model_copy(update={"task": task})
    if given.tokens:
        stages = tuple(s.model_copy(update={"tokens": given.tokens}) for s in film.task.stages)
        film = film.model_copy(update={"task": film.task.model_copy(update={"stages": stages})})
    # Clips of one name are the same in both, whatever their number.
    buckets = [
        bucket.model_copy(update={"per_shard": AT_ONCE[bucket.frames]}) for bucket in film.buckets
    ]

    with rendering(buckets, given.folder / "pixels", given.workers):
        autoencoder = compress(
            small, given.folder, until=Deadline(None, time.time() + given.autoencoder),
            first=given.first, device=given.device,
        )  # fmt: skip
        names = [bucket.name for bucket in buckets]
        with encoding(given.folder, names, given.device):
            dream(film, given.folder, autoencoder, until=deadline, device=given.device, begin=begin)
            say("done")


def begun(name: str | None) -> Bundle | None:
    """The model to go on from."""
    model = None if name is None else load(name)
    assert model is None or isinstance(model, Bundle), f"{name} is no model of our own"
    return model


def on_gpu(recipe: FilmRecipe, like: FilmRecipe) -> FilmRecipe:
    """A recipe for two cores with the batches, the clips and the precision of one for a GPU."""
    tokens = like.task.stages[-1].tokens
    stages = tuple(stage.model_copy(update={"tokens": tokens}) for stage in recipe.task.stages)
    many = tuple(bucket.model_copy(update={"count": 4 * bucket.count}) for bucket in recipe.buckets)
    run = recipe.run.model_copy(update={"precision": like.run.precision})
    task = recipe.task.model_copy(update={"stages": stages})
    return recipe.model_copy(update={"buckets": many, "task": task, "run": run, "compiled": False})


def say(*what: object) -> None:
    """One line, with the time."""
    print(time.strftime("%H:%M:%S"), *what, flush=True)


# ---------------------------------------------------------------- rendering and encoding


@contextmanager
def rendering(buckets: Sequence[Bucket], root: Path, workers: int) -> Iterator[None]:
    """Draws every shard that is missing, in processes of their own, until the block is left."""
    jobs = [job for job in in_order(buckets) if not is_there(root, *job)]
    root.mkdir(parents=True, exist_ok=True)
    # Of the processes: this one has counted its own threads already.
    os.environ["OMP_NUM_THREADS"] = "1"
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    for bucket, number in jobs:
        pool.submit(draw, bucket, root, number).add_done_callback(complain)
    say("rendering", len(jobs), "shards with", workers, "processes")
    try:
        yield
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order(buckets: Sequence[Bucket]) -> Iterator[tuple[Bucket, int]]:
    """All shards, every bucket's spread evenly over the time, those that the autoencoder needs first."""
    places = []
    for bucket in buckets:
        shards = -(-bucket.count // bucket.per_shard)
        for number in range(shards):
            place = (number + 0.5) / shards * (EARLY if bucket.frames == 1 else 1.0)
            first = bucket.name.endswith("_wide") and number * bucket.per_shard < 1024
            soon = first and bucket.name.startswith(("clips", "stills"))
            places.append((place - soon, bucket.name, bucket, number))
    for _, _, bucket, number in sorted(places, key=lambda place: place[:2]):
        yield bucket, number


def complain(job: Future[None]) -> None:
    """Say what went wrong with a shard; the others go on."""
    if not job.cancelled() and job.exception() is not None:
        say("a shard failed:", repr(job.exception()))


def is_there(root: Path, bucket: Bucket, number: int) -> bool:
    """Whether a shard is drawn, or encoded already."""
    name = f"{bucket.name}/{number:05d}.safetensors"
    return (root / name).exists() or (root.parent / "latents" / name).exists()


def draw(bucket: Bucket, root: Path, number: int) -> None:
    """One shard, as soon as the disk has room for it."""
    os.nice(5 - os.nice(0))
    while shutil.disk_usage(root.parent).free < ROOM:
        time.sleep(1.0)
    render_shard(bucket, root / bucket.name, number)


@contextmanager
def encoding(folder: Path, names: Sequence[str], device: str) -> Iterator[None]:
    """Encodes what is drawn, in a process of its own, until the block is left."""
    stop = folder / STOP
    stop.unlink(missing_ok=True)
    process = get_context("spawn").Process(target=encode, args=(folder, names, device), daemon=True)
    process.start()
    try:
        yield
    finally:
        stop.touch()
        process.join(timeout=60)


def encode(folder: Path, names: Sequence[str], device: str) -> None:
    """Latents of all that is drawn, whose pixels are deleted then."""
    autoencoder = load_autoencoder(folder / "autoencoder").to(device)
    while not (folder / STOP).exists():
        for name in names:
            drawn = sorted((folder / "pixels" / name).glob("*.safetensors"))
            if not drawn or (folder / STOP).exists():
                continue
            encode_bucket(
                folder / "pixels" / name, folder / "latents" / name, autoencoder, batch=144
            )
            for file in drawn:
                if (folder / "latents" / name / file.name).exists():
                    file.unlink()
        time.sleep(0.5)


class Shelf:
    """A folder of shards that grows; hands out what is new as a pool on the device."""

    def __init__(self, folder: Path, tensors: Sequence[str], device: str) -> None:
        self.folder, self.tensors, self.device = folder, tensors, device
        self.seen: set[str] = set()

    def new(self) -> Pool | None:
        """What came since the last call."""
        files = [f for f in sorted(self.folder.glob("*.safetensors")) if f.name not in self.seen]
        self.seen |= {file.name for file in files}
        return (
            of_shards([Shard(file) for file in files], self.tensors, self.device) if files else None
        )


# ---------------------------------------------------------------- learning


@dataclass(frozen=True)
class Deadline:
    """When to be ready: as told at the start, or in a file meanwhile, by the clock (`date +%s`)."""

    file: Path | None
    told: float

    @property
    def left(self) -> float:
        """Seconds."""
        new = self.file is not None and self.file.exists()
        ends = float(self.file.read_text()) if new and self.file is not None else self.told
        return max(0.0, ends - time.time())


def paced(trainer: Trainer, until: Deadline, *, also: Callable[[float], None]) -> OnProgress:
    """Sets the number of steps to what fits until then; `also` is told the share of them that is done."""
    marks = [(time.time(), trainer.step)]

    def tell(_: Progress) -> None:
        now = time.time()
        if trainer.step % 20 and until.left:
            return
        marks.append((now, trainer.step))
        (before, was), left = marks[max(0, len(marks) - 15)], until.left
        pace = (trainer.step - was) / max(now - before, 1e-3)
        steps = trainer.step + int(left * pace)
        trainer.config = trainer.config.model_copy(update={"steps": steps})
        also(trainer.step / max(steps, 1))

    return tell


def every(seconds: float, what: Callable[[], None]) -> Callable[[float], None]:
    """Does it once in so many seconds at most."""
    last = [time.time()]

    def maybe(_: float) -> None:
        if time.time() - last[0] > seconds:
            what()
            last[0] = time.time()

    return maybe


def compress(
    recipe: AutoencoderRecipe, folder: Path, *, until: Deadline, first: int, device: str
) -> Autoencoder:
    """The video compression network: learnt, measured and kept, or as it was kept."""
    kept = folder / "autoencoder"
    if (kept / "model.safetensors").exists():
        return load_autoencoder(kept).to(device)
    clips = Shelf(folder / "pixels" / "clips_wide", ["frames", "labels"], device)
    stills = Shelf(folder / "pixels" / "stills_wide", ["frames", "labels"], device)
    clips.seen = {f"{number:05d}.safetensors" for number in range(UNSEEN)}
    while len(list(clips.folder.glob("*.safetensors"))) * AT_ONCE[33] < first or not all(
        (clips.folder / name).exists() for name in clips.seen
    ):
        time.sleep(0.5)
    apart = [Shard(clips.folder / name) for name in sorted(clips.seen)]
    pixels = as_pixels(of_shards(apart, ["frames"], device).tensors["frames"])
    moving, still = clips.new(), stills.new()
    assert moving is not None and still is not None
    say("autoencoder begins with", len(moving), "clips and", len(still), "stills")
    task = AutoencoderTask(recipe.task, [moving, moving, moving, still], seed=recipe.run.seed)
    task.networks.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = recipe.run.model_copy(update={"save_every": 10**9, "log_every": 50, "steps": 10**6})
    trainer = Trainer(task, run, folder / "learning_autoencoder")
    task.start()
    trainer.restart_average()
    best = trainer.ema.networks["autoencoder"]
    assert isinstance(best, Autoencoder)

    def more() -> None:
        new = clips.new()
        if new is not None:
            task.footage[:3] = [task.footage[0].with_more(Footage.of(new, Autoencoder.stride))] * 3
        found = measure(best, pixels[:8])
        say("autoencoder", trainer.step, "steps", len(task.footage[0].frames), "clips", vars(found))

    trainer.run(on_progress=paced(trainer, until, also=every(SEVERAL, more)))
    torch.backends.cudnn.benchmark = False  # the film model's batches have twenty shapes
    finish(best, pixels)
    best.half().float()  # as it is kept
    found = measure(best, pixels)
    (folder / "autoencoder.json").write_text(json.dumps({"steps": trainer.step, **vars(found)}))
    say("autoencoder ends", trainer.step, "steps", vars(found))
    save_autoencoder(best, kept)
    return load_autoencoder(kept).to(device)


def dream(
    recipe: FilmRecipe,
    folder: Path,
    autoencoder: Autoencoder,
    *,
    until: Deadline,
    device: str,
    begin: Bundle | None = None,
) -> None:
    """The film model, from its checkpoint if there is one, else from a trained one; a bundle every minute."""
    shelves = {
        bucket.name: Shelf(folder / "latents" / bucket.name, ["latents", "labels"], device)
        for bucket in recipe.buckets
    }
    stages = recipe.task.stages
    pools: dict[str, Pool] = {}
    while next(iter(stages[0].buckets)) not in pools:
        for name, shelf in shelves.items():
            new = shelf.new()
            if new is not None:
                pools[name] = pools[name].with_more(new) if name in pools else new
        time.sleep(0.5)
    words = WEIGHTS / BASE / "tokenizer" / "tokenizer.json"
    tokenizer = begin.tokenizer if begin is not None else Tokenizer.load(words)
    text = recipe.task.text.model_copy(update={"vocabulary": len(tokenizer)})
    config = recipe.task.model_copy(update={"text": text})
    task = FilmTask(config, pools, tokenizer, seed=recipe.run.seed, device=device)
    total = stages[-1].until
    run = recipe.run.model_copy(update={"save_every": 10**9, "log_every": 50, "steps": 10**6})
    trainer = Trainer(task, run, folder / "learning_film")
    if (folder / "learning_film" / "checkpoint").exists():
        trainer.resume()
    elif begin is not None:
        load_begun(task, begin)
        trainer.restart_average()
    writer = BundleWriter(recipe, autoencoder, tokenizer)
    say("film model begins with", {name: len(pool) for name, pool in pools.items()})

    def more() -> None:
        for name, shelf in shelves.items():
            new = shelf.new()
            if new is not None:
                task.lessons.add(name, new)

    def keep() -> None:
        save_bundle(writer.bundle(trainer.moment()), folder / "bundle")
        sizes = {name: len(pool) for name, pool in task.lessons.pools.items()}
        say("film model", trainer.step, "of", trainer.config.steps, "steps", sizes)

    look, save = every(SEVERAL / 2, more), every(60.0, keep)

    def also(share: float) -> None:
        # A stage begins when its share of the steps is due and something of each bucket is there.
        steps = max(1, trainer.config.steps)
        due = tuple(
            stage.model_copy(update={"until": int(stage.until / total * steps), "buckets": {
                name: odds for name, odds in stage.buckets.items() if name in task.lessons.pools
            }})
            for stage in stages
        )  # fmt: skip
        task.lessons.config = config.model_copy(update={"stages": due})
        look(share)
        save(share)

    also(0.0)
    trainer.run(on_progress=paced(trainer, until, also=also))
    keep()


if __name__ == "__main__":
    main()
