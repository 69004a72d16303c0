"""A document into film. In: a timeline, a model, a cache. Out: the frames of every item, new where needed.

A piece's recipe holds everything that decides it, and the name of the piece it flows from: to change one
shot is to change it and what flows on from it, nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.core.shape import LatentShape
from kinora.core.view import relative
from kinora.denoise.canvas import Canvas, blank, join
from kinora.denoise.condition import Hold, Reference
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request
from kinora.timeline.blend import Blend, blend
from kinora.timeline.cache import Cache, Piece, key
from kinora.timeline.characters import Callers, Character
from kinora.timeline.direct import looks, said
from kinora.timeline.document import Item, Shot, Timeline, Transition
from kinora.timeline.edit import Edit, fill
from kinora.timeline.extend import Extend, extend
from kinora.timeline.opening import frames_of, opening, padded
from kinora.timeline.seam import between, shown
from kinora.timeline.source import Source, conform, source, with_references

OWN = 2
"""Raised when what a file or a bridge shows is made otherwise: such pieces of before are made anew."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A rendered shot, and everything since the last cut that it flows from.

    Args:
        shot: as in the document.
        base: the camera of the shot that everything since the last cut began with.
        told, made: seconds that the document gives, and frames that there are, since the last cut or black.
        name: of the piece in the cache.
        piece: its latents and frames.
        canvas: its latent frames in their places, held.
        since: the latent frames before it, back to the last cut.
    """

    shot: Shot
    base: int
    told: float
    made: int
    name: str
    piece: Piece
    canvas: Canvas
    since: Canvas


def render(
    model: FilmModel,
    timeline: Timeline,
    cache: Cache,
    *,
    clips: Mapping[str, Film | Clip],
    digests: Mapping[str, str],
    cast: Callers | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Piece, ...]:
    """One piece of film for every item of the first track; shots that have not changed are not dreamt.

    Args:
        model: any film model.
        timeline: what the film is to be.
        cache: where pieces are kept.
        clips: the files that shots begin with, by the name the shot gives: decoded, or with their
            latents where they are our own.
        digests: the hash of each of these files.
        cast: characters that prompts may name.
        on_progress: told after every step of every item.
    """
    artist = _Artist(model, timeline, cache, clips, digests, cast)
    pieces: list[Piece | Transition] = []
    scenes: list[Scene] = []
    total = len(timeline.items)
    for number, item in enumerate(timeline.items):
        tell = _share(on_progress, number, total)
        if item.kind == "gap":
            pieces[-1:] = artist.cut(pieces[-1:], scenes)
            pieces.append(artist.black(item.seconds))
        elif item.kind == "transition":
            pieces.append(item)
        else:
            dark = number > 0 and timeline.items[number - 1].kind == "gap"
            rest = timeline.items[number + 1 :]
            before = scenes[-1] if scenes else None
            new = artist.shot(item, before, dark, cut_off(model, item, rest), tell)
            if pieces and isinstance(pieces[-1], Transition):
                pieces[-1] = artist.bridge(pieces[-1], scenes[-1], new, tell)
            elif not len(new.since):
                pieces[-1:] = artist.cut(pieces[-1:], scenes)
            scenes.append(new)
            pieces.append(new.piece)
    return tuple(piece for piece in pieces if isinstance(piece, Piece))


def size_of(model: FilmModel, timeline: Timeline) -> tuple[int, int]:
    """`(height, width)` of the film: the nearest to what is asked for that can be made."""
    likes, snap = model.capabilities, model.stride.snap_side
    return snap(timeline.height or likes.height), snap(timeline.width or likes.width)


def assemble(pieces: tuple[Piece, ...], fps: float) -> Clip:
    """All pieces as one clip."""
    return Clip(np.concatenate([piece.frames for piece in pieces]), fps)


@dataclass(frozen=True, eq=False)
class _Artist:
    """Whoever renders one document with one model."""

    model: FilmModel
    timeline: Timeline
    cache: Cache
    clips: Mapping[str, Film | Clip]
    digests: Mapping[str, str]
    cast: Callers | None

    @property
    def size(self) -> tuple[int, int]:
        return size_of(self.model, self.timeline)

    @property
    def step(self) -> float:
        return self.model.stride.time / self.model.capabilities.fps

    def black(self, seconds: float) -> Piece:
        height, width = self.size
        count = max(1, round(seconds * self.model.capabilities.fps))
        frames = np.zeros((count, height, width, 3), np.uint8)
        return Piece(self._fresh(0).latents, frames)

    def shot(
        self, shot: Shot, before: Scene | None, dark: bool, ends: bool, tell: OnProgress
    ) -> Scene:
        """The shot, from the cache if its recipe is known.

        Args:
            shot: of the document.
            before: the shot before it.
            dark: whether there is black between them.
            ends: whether it is cut off, see `cut_off`.
            tell: told of every step.
        """
        flows = before is not None and flows_on(self.model, shot, before.shot)
        parent = before if flows else None
        begun, made = (0.0, 0) if parent is None or dark else (parent.told, parent.made)
        told = begun + shot.seconds
        count = self._latent_frames(told, made, first=parent is None, ends=ends)
        base = shot.view if parent is None else parent.base
        recipe = {
            "shot": shot.model_dump(
                exclude={"id", "seconds"}
                | ({"enter"} if not flows else set())
                | ({"start"} if not shot.start else set())
            )
            # What a file holds decides, not where it lies.
            | {kind: "" for kind in ("image", "clip") if getattr(shot, kind) is not None},
            "frames": count,
            **({"own": OWN} if shot.image or shot.clip else {}),
            "from": parent.name if parent else None,
            **({"base": base} if flows and base and self.model.capabilities.views else {}),
            **self._settings(shot),
        }
        name = key(recipe)
        past = self._fresh(0) if parent is None else join([parent.since, parent.canvas])
        piece = self.cache.get(name, lambda: self._dream(shot, parent, past, count, tell))
        at = len(past)
        canvas = self._fresh(len(piece.latents), at=at, view=self._view(shot, base))
        held = canvas.with_(latents=piece.latents, level=torch.zeros(len(piece.latents)))
        return Scene(shot, base, told, made + len(piece.frames), name, piece, held, past)

    def cut(
        self, last: Sequence[Piece | Transition], scenes: Sequence[Scene]
    ) -> list[Piece | Transition]:
        """The piece before a cut as it is shown: a clip of 2 s ends with the frame at 2 s, where the next begins."""
        if not scenes or last[0] is not scenes[-1].piece:
            return [*last]
        over = scenes[-1].made - round(scenes[-1].told * self.model.capabilities.fps)
        piece = scenes[-1].piece
        frames = piece.frames[: len(piece.frames) - over] if over > 0 else piece.frames
        return [Piece(piece.latents, frames if len(frames) else piece.frames[:1])]

    def bridge(self, item: Transition, a: Scene, b: Scene, tell: OnProgress) -> Piece:
        """The frames between two shots."""
        values = item.model_dump(exclude={"kind", "id"})
        recipe = {"bridge": values, "a": a.name, "b": b.name, "own": OWN}
        name = key(recipe | self._settings(None))
        edit = Blend(**values, **self._sampling())

        def make() -> Piece:
            one, two = (self._source(scene) for scene in (a, b))
            made = blend(self.model, one, two, edit, on_progress=tell)
            frames = made.clip.frames[len(one.clip) : len(made.clip) - len(two.clip)]
            return Piece(made.latents[len(one) : len(made.latents) - len(two) + 1], frames)

        return self.cache.get(name, make)

    def _latent_frames(self, told: float, made: int, *, first: bool, ends: bool) -> int:
        """How many lead from `made` frames to those of `told` seconds: the nearest, or as many as reach it."""
        time = self.model.stride.time
        wanted = round(told * self.model.capabilities.fps) - made
        count = (wanted - 1) / time + 1 if first else wanted / time
        return max(1, ceil(count) if ends else floor(count + 0.5))

    def _settings(self, shot: Shot | None) -> dict[str, Any]:
        file = None if shot is None else shot.image or shot.clip
        return {
            "model": [self.model.name, self.model.checksums()],
            "size": self.size,
            "sampling": self._sampling(),
            "file": self.digests[file] if file else None,
            "latents": shot is not None
            and isinstance(opening(self.model, shot, self.clips, size=self.size), Film),
            "heard": self._called(shot)[0],
            "cast": [[each.words, each.digest] for each in self._called(shot)[1]],
        }

    def _called(self, shot: Shot | None) -> tuple[str, tuple[Character, ...]]:
        """The words of a shot, and the characters it names."""
        if shot is None:
            return "", ()
        return said(shot, self.timeline, cast=self.cast)

    def _looks(self, shot: Shot) -> Tensor | None:
        height, width = self.size
        return looks(self.model, self._called(shot)[1], height=height, width=width)

    def _outside(self, shot: Shot) -> Canvas | None:
        seen = self._looks(shot)
        return None if seen is None else Reference(seen).apply(self._fresh(0))

    def _sampling(self) -> dict[str, Any]:
        return self.timeline.model_dump(include={"steps", "guidance", "negative"})

    def _request(self, shot: Shot) -> Request:
        values = {**self._sampling(), "seed": shot.seed}
        return Edit(**values).request(self.model, (self._called(shot)[0],))

    def _fresh(self, frames: int, *, at: int = 0, view: int = 0) -> Canvas:
        height, width = (side // self.model.stride.space for side in self.size)
        shape = LatentShape(frames, height, width)
        new = blank(shape, channels=self.model.channels, step=self.step, start=self.step * at)
        return new.with_(view=torch.full_like(new.view, view))

    def _dream(
        self, shot: Shot, parent: Scene | None, past: Canvas, count: int, tell: OnProgress
    ) -> Piece:
        if shot.clip is not None:
            return self._from_clip(shot, count, tell)
        flows = parent is not None
        base = shot.view if parent is None else parent.base
        gap = self._fresh(count, at=len(past), view=self._view(shot, base))
        still = None
        if shot.image is not None:
            still, _ = conform(self.model, frames_of(self._opening(shot)), size=self.size)
            gap = Hold(self.model.encode(still).cpu(), 0).apply(gap)
        new = fill(
            self.model,
            self._request(shot),
            gap,
            before=past if flows else None,
            outside=self._outside(shot),
            on_progress=tell,
        )
        frames = between(
            self.model,
            new.latents,
            before=past.latents if flows else None,
            leaving=_last(parent) if parent is not None and self._same(shot, parent) else None,
            own=() if parent is None else (parent.piece.frames,),
            on_progress=tell,
        )
        if still is not None:
            frames = shown(frames, still.frames[0], self.model.stride.time - 1 if flows else 0)
        return Piece(new.latents, frames)

    def _view(self, shot: Shot, base: int) -> int:
        """The camera of a shot as the canvas numbers it: films are seen from the front of where they began."""
        return relative(shot.view, base) if self.model.capabilities.views else 0

    def _same(self, shot: Shot, before: Scene) -> bool:
        """Whether both are seen from one camera."""
        return shot.view == before.shot.view or not self.model.capabilities.views

    def _from_clip(self, shot: Shot, count: int, tell: OnProgress) -> Piece:
        """The file's own frames as far as they go, and what is missing dreamt behind them."""
        words, given = self._called(shot)[0], self._opening(shot)
        whole = shot.seconds <= frames_of(given).seconds + 1e-6
        if isinstance(given, Clip):
            given = padded(self.model, given) if whole else given
            fitted, _ = conform(self.model, given, size=self.size)
            given = replace(given, frames=fitted.frames, fps=fitted.fps)
        known = source(self.model, given, prompt=words)
        seen = self._looks(shot)
        known = known if seen is None else with_references(known, seen)
        if count > len(known) and not whole:
            more = (count - len(known)) * self.step
            edit = Extend(seconds=more, seed=shot.seed, prompt=words or None, **self._sampling())
            made = extend(self.model, known, edit, on_progress=tell)
            return Piece(made.latents, made.clip.frames)
        return Piece(
            known.latents[:count], known.clip.frames[: self.model.stride.pixel_frames(count)]
        )

    def _opening(self, shot: Shot) -> Film | Clip:
        found = opening(self.model, shot, self.clips, size=self.size)
        assert found is not None
        return found

    def _source(self, scene: Scene) -> Source:
        zeros = torch.zeros(len(scene.piece.latents), dtype=torch.long)
        seen = self._looks(scene.shot)
        return Source(
            clip=Clip(scene.piece.frames, self.model.capabilities.fps),
            latents=scene.piece.latents,
            prompts=(self._called(scene.shot)[0],),
            text=zeros,
            view=zeros + self._view(scene.shot, scene.base),
            step=self.step,
            references=scene.piece.latents[:0] if seen is None else seen,
        )


def flows_on(model: FilmModel, shot: Shot, before: Shot) -> bool:
    """Whether the shot sees those before it: it flows on, or it is the same scene from elsewhere."""
    if shot.clip is not None:
        return False
    cut_to_view = shot.view != before.view and model.capabilities.views
    return shot.enter == "flow" or cut_to_view


def cut_off(model: FilmModel, shot: Shot, rest: Sequence[Item]) -> bool:
    """Whether the first of what follows cuts the shot off: then it has to reach that far, and is cut there."""
    if not rest or rest[0].kind == "transition":
        return False
    return rest[0].kind == "gap" or not flows_on(model, rest[0], shot)


def _last(scene: Scene) -> Frames:
    frame: Frames = scene.piece.frames[-1]
    return frame


def _share(on_progress: OnProgress, number: int, total: int) -> OnProgress:
    """Reports of one item as reports of the whole film."""

    def tell(progress: Progress) -> None:
        done = progress.done + number * progress.total
        on_progress(replace(progress, done=done, total=total * progress.total))

    return tell
