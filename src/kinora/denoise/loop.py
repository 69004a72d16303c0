"""The one loop. In: a canvas, a velocity function, levels to visit. Out: the canvas at level 0.

It never sees a network: one loop serves our model and published weights.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from kinora.core.progress import OnProgress, Progress, silent
from kinora.denoise.canvas import Canvas
from kinora.flow.path import point, spread
from kinora.flow.solver import Field, Solver
from kinora.flow.solver.euler import euler

Hold = Literal["native", "renoise", "condition"]


@dataclass(frozen=True, eq=False)
class Begun:
    """A walk that was broken off: where it stood, `x` `[f c h w]`, after `steps` steps."""

    x: Tensor
    steps: int


@torch.inference_mode()
def denoise(
    canvas: Canvas,
    velocity: Field,
    *,
    noise: Tensor,
    schedule: Tensor,
    solver: Solver = euler,
    hold: Hold = "native",
    begun: Begun | None = None,
    on_progress: OnProgress = silent,
) -> Canvas:
    """Dream every frame down to level 0.

    Every frame walks the whole schedule scaled by its own level, so a frame reworked at 0.6 takes as
    many steps as one dreamt at 1, and frames at 0 stand still and come back bit-identical.

    Args:
        canvas: f latent frames, each with its level.
        velocity: `(x [f c h w], level [f] or [f h w]) -> [f c h w]`, data minus noise.
        noise: `[f c h w]`, see `Canvas.noise`.
        schedule: levels from 1 to 0, see `flow.schedule.levels`.
        solver: one integration step.
        hold: `native` gives the model one level per frame; `renoise` is for models that take a single
            level: known frames are noised to it anew at every step (Lugmayr et al. 2022,
            arXiv:2201.09865); `condition` is for models that see the known frames through inputs
            of their own: they dream those frames too, which are then put back.
        begun: a walk over this same schedule to go on with; the result is bit-identical to one that
            was never broken off, because a solver remembers nothing from step to step.
        on_progress: told after every step, with x as the preview; may raise to stop.

    Returns:
        The canvas with clean latents and every level at 0.
    """
    known = spread(canvas.level, canvas.latents) == 0
    walked = canvas
    if hold == "condition":
        walked = canvas.with_(level=torch.where(canvas.level == 0, 1.0, canvas.level))
    x = walked.noised(noise) if begun is None else begun.x
    steps = len(schedule) - 1
    for step in range(0 if begun is None else begun.steps, steps):
        here, there = schedule[step], schedule[step + 1]
        if hold != "native":
            # Above every level of the canvas the next step would noise all of it anew.
            if walked.level.max() > there:
                x = _renoised(walked, noise, x, here)
                x = solver(velocity, x, here.expand(len(canvas)), there.expand(len(canvas)))
        else:
            x = solver(velocity, x, canvas.level * here, canvas.level * there)
            x = torch.where(known, canvas.latents, x)
        on_progress(Progress("denoise", step + 1, steps, preview=x))
    x = torch.where(known, canvas.latents, x)
    return canvas.with_(latents=x, level=torch.zeros_like(canvas.level))


def _renoised(canvas: Canvas, noise: Tensor, x: Tensor, level: Tensor) -> Tensor:
    """Whatever has a lower level of its own than `level` is put on its path at `level`."""
    lower = spread(canvas.level, canvas.latents) < level
    return torch.where(lower, point(canvas.latents, noise, level.expand(len(canvas))), x)
