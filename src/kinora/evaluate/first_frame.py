"""Fidelity of an animated picture. In: the picture and the film. Out: whether it begins with it."""

import numpy as np

from kinora.core.clip import Clip, Frames
from kinora.core.errors import UsageError

BEST = 60.0


def first_frame_fidelity(picture: Frames, film: Clip) -> float:
    """PSNR in dB of the film's first frame against the picture `[1 h w 3]` or `[h w 3]`, at most 60.

    Raises:
        UsageError: the two differ in size.
    """
    wanted = picture.reshape(-1, *picture.shape[-3:])[0]
    if wanted.shape != film.frames.shape[1:]:
        raise UsageError(
            "the picture and the film differ in size",
            why=f"{wanted.shape[1]}x{wanted.shape[0]} and {film.width}x{film.height}",
            remedy="Compare with the picture as it was fitted to the film",
        )
    error = np.square(wanted.astype(np.float64) - film.frames[0]).mean()
    return float(min(BEST, 10 * np.log10(255.0**2 / max(error, 1e-9))))
