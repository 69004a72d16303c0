"""Teaching the eye. In: shards of sightings. Out: a folder with a checkpoint, a log and weights.

Every batch follows from the seed and the step alone, so a run that is stopped goes on as if it had not.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from kinora.caption.glimpse import to_input
from kinora.caption.network import Eye, EyeConfig
from kinora.caption.store import save_network
from kinora.core.progress import OnProgress, Progress, silent
from kinora.core.seed import derive, torch_generator
from kinora.data.shards import shards
from kinora.train.disturb import disturb, nothing_known
from kinora.train.sighting import losses


class JudgeRun(BaseModel):
    """A complete run.

    Args:
        data: folders of sightings; an example of any is as likely as one of any other.
        out: where checkpoint, log and weights go.
        start: the checkpoint of another run whose weights to begin with.
        steps, batch, rate, warmup, decay, ema: of AdamW with a cosine to zero.
        blank: share of a batch that shows no world at all.
        save_every: steps between checkpoints.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: tuple[Path, ...]
    out: Path
    start: Path | None = None
    eye: EyeConfig = EyeConfig()
    seed: int = 0
    steps: int = 2000
    batch: int = 64
    rate: float = 2e-3
    warmup: int = 100
    decay: float = 0.02
    ema: float = 0.995
    blank: float = 0.03
    save_every: int = 200


class Learner:
    """The eye, its slow copy, and the optimizer, with everything needed to go on."""

    def __init__(self, run: JudgeRun) -> None:
        torch.manual_seed(derive(run.seed, "judge", "weights"))
        self.run = run
        self.eye = Eye(run.eye).to(memory_format=torch.channels_last)
        if run.start is not None:
            self.eye.load_state_dict(torch.load(run.start, weights_only=True)["slow"])
        self.slow = {key: value.clone() for key, value in self.eye.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.eye.parameters(), lr=run.rate, weight_decay=run.decay, betas=(0.9, 0.98)
        )
        self.step = 0

    @property
    def checkpoint(self) -> Path:
        """The file that a stopped run goes on from."""
        return self.run.out / "checkpoint.pt"

    def resume(self) -> None:
        """Go on where the checkpoint stopped, if there is one."""
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            self.eye.load_state_dict(state["eye"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.slow, self.step = state["slow"], state["step"]

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        part = self.checkpoint.with_suffix(".part")
        state = {"eye": self.eye.state_dict(), "slow": self.slow, "step": self.step}
        torch.save({**state, "optimizer": self.optimizer.state_dict()}, part)
        part.replace(self.checkpoint)

    def learn(self, frames: Tensor, things: Tensor, scene: Tensor) -> dict[str, float]:
        """One step on one batch; the loss of every question."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        glance = self.eye(frames.contiguous(memory_format=torch.channels_last))
        each = losses(glance, things, scene)
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(each.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.eye.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        with torch.no_grad():
            for key, value in self.eye.state_dict().items():
                self.slow[key].lerp_(value, 1 - min(self.run.ema, self.step / (self.step + 10)))
        return {name: float(loss.detach()) for name, loss in each.items()}

    def _rate(self) -> float:
        run, step = self.run, self.step
        warm = min(1.0, (step + 1) / run.warmup)
        return run.rate * warm * 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / run.steps))))


class Pool:
    """All examples of several folders, in memory."""

    def __init__(self, folders: Sequence[Path]) -> None:
        parts = [shard for folder in folders for shard in shards(folder)]
        self.frames, self.things, self.scene = (
            np.concatenate([shard.read(name) for shard in parts])
            for name in ("frames", "things", "scene")
        )

    def batch(self, run: JudgeRun, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Spoilt frames `[n 3 h w]`, their things and scenes: the batch of this step of this run."""
        rng = torch_generator(run.seed, "judge", "batch", step)
        chosen = torch.randint(len(self.frames), (run.batch,), generator=rng).numpy()
        things, scene = _tensor(self.things[chosen]), _tensor(self.scene[chosen])
        frames, things = disturb(to_input(self.frames[chosen]), things, rng=rng)
        blank = max(1, round(run.batch * run.blank))
        frames[:blank] = nothing_known(blank, *frames.shape[2:], rng=rng)
        things[:blank], scene[:blank] = -1, -1
        return frames, things, scene


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


def train_eye(run: JudgeRun, *, on_progress: OnProgress = silent) -> Path:
    """Train, or go on training, and write the slow copy's weights; the folder that holds them."""
    run.out.mkdir(parents=True, exist_ok=True)
    learner, pool = Learner(run), Pool(run.data)
    learner.resume()
    started = perf_counter()
    with (run.out / "log.jsonl").open("a") as log:
        while learner.step < run.steps:
            each = learner.learn(*pool.batch(run, learner.step))
            if learner.step % 20 == 0:
                row = {"step": learner.step, "seconds": round(perf_counter() - started, 1)}
                row |= {name: round(loss, 4) for name, loss in each.items()}
                log.write(json.dumps(row) + "\n")
                log.flush()
            if learner.step % run.save_every == 0 or learner.step == run.steps:
                learner.save()
            on_progress(Progress("train", learner.step, run.steps))
    eye = Eye(run.eye)
    eye.load_state_dict(learner.slow)
    return save_network(eye, eye.settings(), run.out / "eye")
