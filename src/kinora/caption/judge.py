"""The judge. In: a clip. Out: the facts that it shows, each with how sure the judge is."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from kinora.caption.answers import OF_A_FRAME
from kinora.caption.camera import by_frame, shots
from kinora.caption.closer import Closer, CloserConfig, looked_closer
from kinora.caption.facts import Answer, Seen, SeenThing
from kinora.caption.glimpse import shrink, to_input
from kinora.caption.network import Eye, EyeConfig, Glance
from kinora.caption.peaks import Peak, peaks
from kinora.caption.store import JUDGE, fill, read_settings
from kinora.caption.track import described, follow
from kinora.caption.tuned import Tuned, read_tuned
from kinora.caption.vote import Tables, agree, read_tables
from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.nn.store import Undrawn

CHUNK = 16


@dataclass(frozen=True, eq=False)
class Judge:
    """Networks that tell what a clip shows, and numbers that tell how far they can be trusted."""

    eye: Eye
    closer: Closer
    tables: Tables
    tuned: Tuned = Tuned()

    def see(self, clip: Clip, *, on_progress: OnProgress = silent) -> Seen:
        """The facts of a clip, from every frame of it, but for the camera's."""
        found: list[list[Peak]] = []
        scene: dict[str, list[np.ndarray]] = {question: [] for question in OF_A_FRAME}
        looks: list[np.ndarray] = []
        for start in range(0, len(clip), CHUNK):
            frames = clip.frames[start : start + CHUNK]
            glance = self.glance(frames)
            found += looked_closer(self.closer, frames, peaks(glance, first=start))
            looks.append(glance.look.numpy())
            for question, logits in glance.of_frames.items():
                scene[question].append(logits.softmax(1).numpy())
            on_progress(Progress("caption", len(found), len(clip)))
        things = (self._honest(described(track, self.tables)) for track in follow(found))
        worldly, look = self.tuned.worldly, np.concatenate(looks).mean(0)
        return Seen(
            frames=len(clip),
            fps=clip.fps,
            of_frames={
                name: self._over_time(np.concatenate(rows), name) for name, rows in scene.items()
            },
            things=tuple(sorted(things, key=lambda t: -len(t.spots))),
            worldly=worldly.sure(look) if worldly else 1.0,
        )

    def watch(self, clip: Clip, *, on_progress: OnProgress = silent) -> Seen:
        """All facts of a clip, the camera's too."""
        seen = self.see(clip, on_progress=on_progress)
        spots = by_frame([thing.spots for thing in seen.things], count=len(clip))
        return replace(seen, shots=shots(clip.frames, spots, fps=clip.fps, tuned=self.tuned))

    def _honest(self, thing: SeenThing) -> SeenThing:
        answers = {name: self._trusted(name, said) for name, said in thing.answers.items()}
        return replace(thing, answers=answers)

    def _trusted(self, question: str, answer: Answer) -> Answer:
        return Answer(answer.word, self.tuned.honest(question, answer.sure))

    def _over_time(self, rows: np.ndarray, question: str) -> Answer:
        even = np.full(len(rows), 1 / len(rows))
        return self._trusted(question, agree(rows, even, OF_A_FRAME[question]))

    @torch.inference_mode()
    def glance(self, frames: Frames) -> Glance:
        """What the eye says about frames `[t h w 3]` of any size."""
        glance: Glance = self.eye(to_input(shrink(frames)))
        return glance


def load_judge(folder: Path = JUDGE) -> Judge:
    """The judge in a folder; the shipped one by default.

    Raises:
        NotFoundError: its files are missing or damaged.
    """
    with Undrawn():
        eye = Eye(read_settings(folder / "eye", EyeConfig))
        closer = Closer(read_settings(folder / "closer", CloserConfig))
    fill(eye, folder / "eye")
    fill(closer, folder / "closer")
    return Judge(eye=eye, closer=closer, tables=read_tables(folder), tuned=read_tuned())
