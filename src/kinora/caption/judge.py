"""The judge. In: a clip. Out: the facts that it shows, each with how sure the judge is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kinora.caption.answers import OF_A_FRAME
from kinora.caption.facts import Answer, Seen
from kinora.caption.glimpse import shrink, to_input
from kinora.caption.network import Eye, EyeConfig, Glance
from kinora.caption.peaks import Peak, peaks
from kinora.caption.store import JUDGE, fill, read_settings
from kinora.caption.track import described, follow
from kinora.caption.vote import Tables, agree, read_tables
from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress, Progress, silent

CHUNK = 16


@dataclass(frozen=True, eq=False)
class Judge:
    """Networks that tell what a clip shows."""

    eye: Eye
    tables: Tables

    def see(self, clip: Clip, *, on_progress: OnProgress = silent) -> Seen:
        """The facts of a clip, from every frame of it."""
        found: list[list[Peak]] = []
        scene: dict[str, list[np.ndarray]] = {question: [] for question in OF_A_FRAME}
        for start in range(0, len(clip), CHUNK):
            glance = self.glance(clip.frames[start : start + CHUNK])
            found += peaks(glance, first=start)
            for question, logits in glance.of_frames.items():
                scene[question].append(logits.softmax(1).numpy())
            on_progress(Progress("caption", len(found), len(clip)))
        things = sorted(
            (described(track, self.tables) for track in follow(found)), key=lambda t: -len(t.spots)
        )
        return Seen(
            frames=len(clip),
            fps=clip.fps,
            of_frames={
                name: _over_time(np.concatenate(rows), name) for name, rows in scene.items()
            },
            things=tuple(things),
        )

    @torch.inference_mode()
    def glance(self, frames: Frames) -> Glance:
        """What the eye says about frames `[t h w 3]` of any size."""
        glance: Glance = self.eye(to_input(shrink(frames)))
        return glance


def _over_time(rows: "np.ndarray", question: str) -> Answer:
    even = np.full(len(rows), 1 / len(rows))
    return agree(rows, even, OF_A_FRAME[question])


def load_judge(folder: Path = JUDGE) -> Judge:
    """The judge in a folder; the shipped one by default.

    Raises:
        NotFoundError: its files are missing or damaged.
    """
    eye = fill(Eye(read_settings(folder / "eye", EyeConfig)), folder / "eye")
    return Judge(eye=eye, tables=read_tables(folder))
