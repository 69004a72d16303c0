"""A trained model's guided walks. In: lessons, a teacher. Out: noise, and what became of it.

A walk costs dozens of forward passes and is learnt from many times, so it is kept on disk.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from kinora.core.seed import torch_generator
from kinora.flow.guidance import classifier_free
from kinora.flow.path import point, spread
from kinora.flow.schedule import levels
from kinora.text.encoder import TextEncoder
from kinora.train.lessons import EMPTY, FilmBatch, Lessons
from kinora.transformer.model import Transformer, Words
from kinora.transformer.place import Place


@dataclass(frozen=True, eq=False)
class Walk:
    """Walks from `start` `[b f c h w]` at `level` `[b f]` to 0, and the words `ids`, `mask`.

    Args:
        place: where the frames stand.
        path: `[p b f c h w]`, where the walk stands after each p-th of the schedule; the last is its end.
    """

    start: Tensor
    level: Tensor
    path: Tensor
    place: Place
    ids: Tensor
    mask: Tensor


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained model that takes many guided steps.

    Args:
        text, transformer: its networks.
        steps, guidance, shift: how it walks.
        stops: points of its path that are told, evenly over its steps.
        step_seconds: seconds between two latent frames.
        bf16: whether its networks compute in bfloat16.
    """

    text: TextEncoder
    transformer: Transformer
    steps: int
    guidance: float
    shift: float
    step_seconds: float
    stops: int
    bf16: bool = False

    @torch.no_grad()
    def path(self, start: Tensor, level: Tensor, place: Place, ids: Tensor, mask: Tensor) -> Tensor:
        """`[p b f c h w]`: where guided steps lead from `start` `[b f c h w]` at `level` `[b f]`."""
        b, twice = len(start), place.twice()
        x, schedule = start, levels(self.steps, amount=self.shift).to(start)
        passed = list[Tensor]()
        with torch.autocast(start.device.type, torch.bfloat16, enabled=self.bf16):
            words = self.transformer.read(self.text(*_with_silence(ids, mask)))
            for here, there in zip(schedule[:-1], schedule[1:], strict=True):
                two, both = x.repeat(2, 1, 1, 1, 1), (level * here).repeat(2, 1)
                heard, unheard = self.transformer(two, both, twice, words).float().split(b)
                velocity = classifier_free(heard, unheard, self.guidance)
                x = x + spread(level * (here - there), x) * velocity
                passed.append(x)
        every = self.steps // self.stops
        return torch.stack(passed[every - 1 :: every])

    def listen(self, ids: Tensor, mask: Tensor, transformer: Transformer) -> Words:
        """What a transformer with this teacher's ears hears."""
        with torch.no_grad():
            states = self.text(ids, mask)
        return transformer.read(states)


class Walks:
    """The teacher's walks by number; each depends on the seed and its number alone.

    Args:
        lessons: whose clips and words are walked.
        teacher: who walks.
        rework: share of clips that start from a level of the lessons' instead of pure noise.
        folder: where walks are kept.
        seed: of everything random.
    """

    def __init__(
        self, lessons: Lessons, teacher: Teacher, *, rework: float, folder: Path, seed: int
    ) -> None:
        self.lessons, self.teacher = lessons, teacher
        self.rework, self.folder, self.seed = rework, folder, seed

    def of(self, number: int) -> Walk:
        """The walk of this number: as kept, else walked now."""
        batch = self.lessons.batch(number)
        start, level = self._start(batch, number)
        place = self.lessons.place(batch, step_seconds=self.teacher.step_seconds)
        file = self.folder / f"{number:05d}.safetensors"
        if not file.exists():
            path = self.teacher.path(start, level, place, batch.ids, batch.mask)
            self.folder.mkdir(parents=True, exist_ok=True)
            save_file({"path": path.half().cpu()}, file.with_suffix(".part"))
            file.with_suffix(".part").rename(file)
        path = load_file(file)["path"].to(start)
        return Walk(start, level, path, place, batch.ids, batch.mask)

    def _start(self, batch: FilmBatch, number: int) -> tuple[Tensor, Tensor]:
        """Known frames as they are, the others noised: wholly, or in part for clips to be reworked."""
        x = batch.latents
        b, cameras = batch.cameras.shape
        drawn = self.lessons.levels(b, len(batch.numbers), number, cameras=cameras)
        drawn = F.pad(drawn, (batch.portraits, 0)).to(x)
        g = torch_generator(self.seed, "rework", number)
        partly = (torch.rand(b, generator=g) < self.rework).to(x.device)[:, None]
        level = torch.where((drawn == 0) | partly, drawn, torch.ones_like(drawn))
        g = torch_generator(self.seed, "noise", number, device=x.device)
        noise = torch.randn(x.shape, generator=g, device=x.device)
        return point(x, noise, level), level


def _with_silence(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Every clip's words, then as many times no words: `[2b l]`."""
    silent, heard = torch.full_like(ids, EMPTY[0]), torch.zeros_like(mask)
    heard[:, 0] = True
    return torch.cat([ids, silent]), torch.cat([mask, heard])
