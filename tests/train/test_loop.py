"""The loop of every training: a run that was killed and resumed is the run that was not."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from kinora.core.errors import CancelledError, KinoraError, NotFoundError
from kinora.core.machine import computes_bf16
from kinora.core.progress import Progress
from kinora.core.seed import torch_generator
from kinora.train.hook import Hook, Moment
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig, rate_at

CONFIG = RunConfig(
    steps=12, log_every=1, save_every=5, ema=0.9, optimizer=OptimizerConfig(rate=1e-2, warmup=3)
)


class Line:
    """Learn y = 2x + 1 from noisy points."""

    def __init__(self, *, spoil_at: int = -1) -> None:
        torch.manual_seed(0)
        self.networks = nn.ModuleDict({"line": nn.Linear(1, 1)})
        self.spoil_at = spoil_at

    def batch(self, step: int) -> Tensor:
        return torch.randn(16, 1, generator=torch_generator(0, "x", step))

    def loss(self, batch: Tensor, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        noise = 0.1 * torch.randn(batch.shape, generator=torch_generator(0, "noise", step))
        error = self.networks["line"](batch) - (2 * batch + 1 + noise)
        loss = error.square().mean()
        return loss * float("nan") if step == self.spoil_at else loss, {"error": error.abs().mean()}


def curve(folder: Path) -> list[tuple[int, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [(line["step"], line["loss"]) for line in lines]


def interrupt_at(step: int, trainer: Trainer) -> None:
    def stop(report: Progress) -> None:
        if report.done == step:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        trainer.run(on_progress=stop)


@pytest.mark.parametrize("step", [1, 5, 8])
def test_a_resumed_run_goes_through_the_same_numbers(tmp_path: Path, step: int) -> None:
    whole = Trainer(Line(), CONFIG, tmp_path / "whole")
    whole.run()
    interrupt_at(step, Trainer(Line(), CONFIG, tmp_path / "parts"))
    rest = Trainer(Line(), CONFIG, tmp_path / "parts")
    rest.resume()
    rest.run()
    assert curve(tmp_path / "parts") == curve(tmp_path / "whole")
    for one, two in zip(
        whole.ema.networks.parameters(), rest.ema.networks.parameters(), strict=True
    ):
        assert torch.equal(one, two)


def test_a_run_killed_between_two_renames_still_resumes(tmp_path: Path) -> None:
    trainer = Trainer(Line(), CONFIG, tmp_path)
    trainer.run()
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")
    again = Trainer(Line(), CONFIG, tmp_path)
    again.resume()
    assert again.step == 12


def test_the_loss_falls(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"steps": 200, "optimizer": OptimizerConfig(rate=5e-2)})
    Trainer(Line(), config, tmp_path).run()
    values = [loss for _, loss in curve(tmp_path)]
    assert values[-1] < 0.05 * values[0]


def test_a_gradient_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(
    tmp_path: Path,
) -> None:
    trainer = Trainer(Line(spoil_at=3), CONFIG, tmp_path)
    with pytest.raises(KinoraError, match="step 3"):
        trainer.run()
    again = Trainer(Line(), CONFIG, tmp_path)
    again.resume()
    assert again.step == 3
    assert all(torch.isfinite(p).all() for p in again.task.networks.parameters())


def test_resuming_from_nothing_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cannot resume"):
        Trainer(Line(), CONFIG, tmp_path).resume()


def test_hooks_are_told(tmp_path: Path) -> None:
    told: list[str] = []

    class Listener(Hook):
        def at_start(self, moment: Moment) -> None:
            told.append("start")

        def at_checkpoint(self, moment: Moment) -> None:
            told.append(f"checkpoint {moment.step}")

        def at_end(self, moment: Moment) -> None:
            told.append("end")

    Trainer(Line(), CONFIG, tmp_path, hooks=[Listener()]).run()
    assert told == ["start", "checkpoint 5", "checkpoint 10", "checkpoint 12", "end"]


def test_the_rate_warms_up_stays_and_falls_to_a_tenth() -> None:
    config = OptimizerConfig(rate=1.0, warmup=10, decay=0.2)
    rates = [rate_at(step, 100, config) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[50] == 1.0
    assert 0.1 < rates[99] < 0.2


def test_the_board_holds_every_logged_number_over_a_resume(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = CONFIG.model_copy(update={"board": True})
    interrupt_at(7, Trainer(Line(), config, tmp_path))
    rest = Trainer(Line(), config, tmp_path)
    rest.resume()
    rest.run()
    board = EventAccumulator(str(tmp_path / "board"))
    board.Reload()
    shown = [(event.step, event.value) for event in board.Scalars("loss")]
    assert [step for step, _ in shown] == list(range(1, 13))
    assert [value for _, value in shown] == pytest.approx([loss for _, loss in curve(tmp_path)])


def test_half_precision_is_used_where_the_device_has_units_for_it(tmp_path: Path) -> None:
    def seen(precision: str) -> torch.dtype:
        line, dtypes = Line(), []
        line.networks["line"].register_forward_hook(lambda *call: dtypes.append(call[2].dtype))
        config = RunConfig.model_validate({"steps": 1, "precision": precision})
        Trainer(line, config, tmp_path / precision).run()
        return dtypes[0]

    assert seen("fp32") == torch.float32
    assert seen("bf16") == torch.bfloat16
    able = computes_bf16(torch.device("cpu"))
    assert seen("auto") == (torch.bfloat16 if able else torch.float32)
    flags = Path("/proc/cpuinfo")
    if flags.exists():
        text = flags.read_text()
        assert able == ("avx512_bf16" in text or "amx_bf16" in text)
