"""What a film model learns from. In: how many clips of each kind. Out: buckets, their latents, its words."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from kinora.autoencoder.model import Autoencoder
from kinora.core.progress import OnProgress
from kinora.core.view import VIEWS
from kinora.data.encode import encode_bucket
from kinora.data.pool import Pool, load_pool
from kinora.data.render import Bucket, render_bucket
from kinora.text.tokenizer import Tokenizer
from kinora.train.lessons import Stage

CASTS = {
    "kinds": ("momo", "ball", "cube", "cookie"),
    "happenings": ("hops", "turns", "looks", "eats", "jumps", "spins", "falls", "stands still"),
}
"""Who plays in clips that come with a portrait, and what: mostly Momo."""

WAYS = {
    "happenings": ("rolls", "slides", "hops", "bounces"), "still_camera": 1.0, "cuts": 0.0,
    "max_things": 2,
}  # fmt: skip
"""Clips whose words say left or right in nine of ten: of the whole world it is one of six."""

DEEDS = {
    "happenings": ("bumps into", "pushes", "passes behind", "topples", "eats", "falls", "bounces"),
    "still_camera": 1.0, "cuts": 0.0, "max_things": 2,
}  # fmt: skip
"""Clips in which one thing acts on another, or falls: of the whole world they are one of three."""


def buckets(
    *, stills: tuple[int, int, int], clips: tuple[int, int, int], seed: int = 1
) -> tuple[Bucket, ...]:
    """Landscape, portrait and square, as many of each as told."""
    shapes = (("wide", 256, 160), ("tall", 160, 256), ("square", 192, 192))
    made = []
    for (name, width, height), still, clip in zip(shapes, stills, clips, strict=True):
        shape = Bucket(name="", count=0, width=width, height=height, seed=seed)
        stills_of = {"name": f"stills_{name}", "count": still, "frames": 1, "per_shard": 1024}
        clips_of = {"name": f"clips_{name}", "count": clip}
        made += [shape.model_copy(update=update) for update in (stills_of, clips_of)]
    return tuple(made)


def studio_buckets(*, long: int, angles: int, casts: int) -> tuple[Bucket, ...]:
    """What a streamed minute, other cameras and characters are learnt from, in landscape."""
    return (
        Bucket(name="long_wide", count=long, frames=65, per_shard=32),
        Bucket(name="angles_wide", count=angles, cameras=VIEWS[1:], mix={"cuts": 0.0}),
        Bucket(name="cast_wide", count=casts, portrait=True, mix=CASTS),
    )


def way_bucket(count: int) -> Bucket:
    """What left and right mean."""
    return Bucket(name="way_wide", count=count, seed=5, mix=WAYS)


def deed_bucket(count: int) -> Bucket:
    """What acts on what."""
    return Bucket(name="deeds_wide", count=count, seed=6, mix=DEEDS)


def prepare_all(
    buckets: Iterable[Bucket],
    stages: Iterable[Stage],
    data: Path,
    autoencoder: Autoencoder,
    *,
    workers: int,
    device: str,
    on_progress: OnProgress,
) -> dict[str, Pool]:
    """The latents of every bucket that a stage draws from."""
    wanted = {name for stage in stages for name in stage.buckets}
    return {
        bucket.name: prepare(
            bucket, data, autoencoder, workers=workers, device=device, on_progress=on_progress
        )
        for bucket in buckets
        if bucket.name in wanted
    }


def prepare(
    bucket: Bucket,
    data: Path,
    autoencoder: Autoencoder,
    *,
    workers: int,
    device: str,
    on_progress: OnProgress,
) -> Pool:
    """A bucket's latents, rendered and encoded as far as they are missing."""
    latents = data / "latents" / bucket.name
    shards = -(-bucket.count // bucket.per_shard)
    if len(list(latents.glob("*.safetensors"))) < shards:
        pixels = render_bucket(bucket, data / "pixels", workers=workers, on_progress=on_progress)
        encode_bucket(pixels, latents, autoencoder.to(device), on_progress=on_progress)
    return load_pool(latents, ["latents", "labels"], limit=bucket.count, device=device)


def words(file: Path, pools: Mapping[str, Pool]) -> Tokenizer:
    """The run's tokenizer: as stored, else built from the captions and the world's synonyms."""
    from kinora.world.vocabulary import same_words

    if not file.exists():
        spoken = {
            word
            for pool in pools.values()
            for row in pool.rows
            for caption in row["captions"]
            for word in caption.replace(",", " , ").replace(".", " . ").split()
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        Tokenizer.build(spoken, same_words()).save(file)
    return Tokenizer.load(file)
