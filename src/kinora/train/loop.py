"""The loop of every training. In: a task, a run's settings, a folder. Out: checkpoints and a log.

Everything random comes from (seed, step), so a run that was killed anywhere and resumed goes through
the same numbers as one that was not.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor

from kinora.core.config import Config
from kinora.core.errors import KinoraError
from kinora.core.machine import Precision, in_bf16
from kinora.core.progress import OnProgress, Progress, silent
from kinora.train.board import Board
from kinora.train.checkpoint import load_checkpoint, save_checkpoint
from kinora.train.ema import Ema
from kinora.train.hook import Hook, Moment
from kinora.train.optimizer import OptimizerConfig, build, rate_at
from kinora.train.task import Task


class RunConfig(Config):
    """How long and how carefully to learn.

    Args:
        steps: optimizer steps in all.
        minutes: stop (with a checkpoint) after this much learning time in this part, if given.
        seed: of everything random.
        ema: decay of the averaged weights.
        precision: `fp32`, `bf16` for autocast, or `auto`: bf16 where the device computes it fast.
        log_every, save_every: steps between log lines and checkpoints.
        optimizer: its settings.
        board: write the log for TensorBoard too.
    """

    steps: int
    minutes: float | None = None
    seed: int = 0
    ema: float = 0.999
    precision: Precision = "fp32"
    log_every: int = 10
    save_every: int = 250
    optimizer: OptimizerConfig = OptimizerConfig()
    board: bool = False


class Trainer:
    """One run: state, step, checkpoint.

    Args:
        task: what is learnt.
        config: for how long.
        folder: of checkpoints and log.
        hooks: told of what happens.
        scales: parameter name -> share of the rate that it learns at.
    """

    def __init__(
        self,
        task: Task,
        config: RunConfig,
        folder: Path,
        *,
        hooks: Sequence[Hook] = (),
        scales: Mapping[str, float] | None = None,
    ) -> None:
        self.task, self.config, self.folder = task, config, folder
        self.hooks = (*hooks, *([Board()] if config.board else []))
        self.optimizer = build(task.networks, config.optimizer, scales=scales)
        self.ema = Ema(task.networks, config.ema)
        self.device = next(task.networks.parameters()).device
        self.bf16 = in_bf16(config.precision, self.device)
        self.step = 0
        self.seconds = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def resume(self) -> None:
        """Go on from the folder's checkpoint."""
        state = load_checkpoint(
            self.folder, ema=self.ema, learner=self.task.networks, optimizer=self.optimizer
        )
        self.step, self.seconds = state["step"], state["seconds"]

    def restart_average(self) -> None:
        """Begin the average anew from the networks as they are, after something else set them."""
        self.ema = Ema(self.task.networks, self.config.ema)

    def run(self, *, on_progress: OnProgress = silent) -> None:
        """Learn until the steps or the minutes are used up, or `on_progress` raises."""
        start = self.seconds
        self._tell("at_start")
        try:
            while self.step < self.config.steps:
                if self.config.minutes and self.seconds - start > 60 * self.config.minutes:
                    break
                self._one_step()
                on_progress(Progress("train", self.step, self.config.steps))
                if self.step % self.config.save_every == 0:
                    self.save()
        except BaseException:
            self.save()
            raise
        self.save()
        self._tell("at_end")

    def save(self) -> None:
        """Write a checkpoint."""
        save_checkpoint(
            self.folder, step=self.step, seconds=self.seconds, ema=self.ema,
            learner=self.task.networks, optimizer=self.optimizer,
        )  # fmt: skip
        self._tell("at_checkpoint")

    def moment(self) -> Moment:
        """The run as hooks see it."""
        return Moment(self.step, self.seconds, self.folder, self.ema.networks)

    def _tell(self, name: str) -> None:
        for hook in self.hooks:
            getattr(hook, name)(self.moment())

    def _one_step(self) -> None:
        begin = perf_counter()
        batch = self.task.batch(self.step)
        rate = rate_at(self.step, self.config.steps, self.config.optimizer)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("scale", 1.0)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            loss, parts = self.task.loss(batch, self.step)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        norm = torch.nn.utils.clip_grad_norm_(
            self.task.networks.parameters(), self.config.optimizer.clip
        )
        if not torch.isfinite(norm):
            raise KinoraError(
                f"the gradient is not finite at step {self.step}",
                remedy="Resume with a lower optimizer.rate",
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.ema.update(self.step)
        self.step += 1
        self.seconds += perf_counter() - begin
        if self.step % self.config.log_every == 0:
            self._log({"loss": loss, **parts, "norm": norm}, rate)

    def _log(self, values: Mapping[str, Tensor], rate: float) -> None:
        metrics = {name: round(float(value.detach()), 5) for name, value in values.items()}
        line = {"step": self.step, "seconds": round(self.seconds, 1), "rate": rate, **metrics}
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        for hook in self.hooks:
            hook.after_step(self.moment(), metrics)
