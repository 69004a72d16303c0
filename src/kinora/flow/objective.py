"""What training minimises. In: a prediction and a path sample. Out: one number per clip."""

from torch import Tensor

from kinora.flow.path import PathSample


def velocity_loss(prediction: Tensor, sample: PathSample) -> Tensor:
    """Mean squared velocity error per clip `[b]`, over the dreamt frames only.

    A frame at level 0 is known: its velocity cannot be seen and is not asked for.
    """
    dreamt = (sample.level > 0).to(prediction.dtype)
    while dreamt.ndim > 2:
        dreamt = dreamt.mean(-1)
    error = (prediction - sample.velocity).square().mean((-3, -2, -1))
    return (error * dreamt).sum(-1) / dreamt.sum(-1).clamp_min(1.0)
