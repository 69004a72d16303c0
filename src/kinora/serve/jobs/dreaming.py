"""One wish dreamt. In: a wish, what it names in the store. Out: a reel, by the path or by a verb of the studio."""

from collections.abc import Callable
from functools import partial

import torch

from kinora.caption.judge import load_judge
from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress
from kinora.denoise.model import FilmModel
from kinora.denoise.resume import keeping_on
from kinora.evaluate.shots import Shots
from kinora.evaluate.takes import Eye
from kinora.generate import Film, dream
from kinora.open_weights.model import OpenModel
from kinora.prompt.unheard import unheard
from kinora.serve.board import StoredPieces, board, document
from kinora.serve.creation import heard, plan
from kinora.serve.edits import Assets, dreamt, edit, sources
from kinora.serve.jobs.again import best_take
from kinora.serve.jobs.artefacts import Artefacts, character, picture, source
from kinora.serve.jobs.kept import Kept
from kinora.serve.jobs.watching import keep_ledger, watched_reel
from kinora.serve.jobs.wish import Source, Wish
from kinora.serve.reel import Reel, read_reel, reel_of
from kinora.serve.sight import Heard, of_films, of_pictures
from kinora.timeline.characters import Character, Company
from kinora.timeline.direct import lines_of
from kinora.timeline.render import render
from kinora.timeline.sight import sighted_shots


class Dreaming:
    """Dreams with one model, and keeps what is dreamt for whoever comes after.

    Args:
        model: any film model.
        files: artefacts of the job.
        kept: where unfinished work is kept.
        tell: told of every step; may raise to stop.
        note: told what there is to tell the client.
    """

    def __init__(
        self,
        model: FilmModel,
        files: Artefacts,
        *,
        kept: Kept,
        tell: OnProgress,
        note: Callable[[list[str]], None],
    ) -> None:
        self._model, self._files, self._kept = model, files, kept
        self._tell, self._note = tell, note

    def reel(self, wish: Wish, *, seconds: float) -> Reel:
        """The finished dream; `seconds` of it may be lost to a kill."""
        if isinstance(self._model, OpenModel):
            self._model.shelf.next_film()
        else:  # a published model takes any word, and its reader is too large to be asked twice
            self._note_unknown(wish)
        with keeping_on(self._kept, seconds=seconds):
            if wish.kind == "create":
                return self._created(wish)
            if wish.kind == "storyboard":
                return self._storyboard(wish)
            return self._edited(wish)

    def _note_unknown(self, wish: Wish) -> None:
        unknown = self._model.read(heard(wish), negative=wish.negative).not_understood
        if unknown:
            self._note(list(unheard(self._model, unknown)))

    def _heard(self, told: Heard) -> Heard:
        """What is heard, noted."""
        self._note(list(told.notes))
        return told

    def _created(self, wish: Wish) -> Reel:
        given = self._assets(wish)
        wish = self._heard(of_pictures(self._model, wish, given.pictures)).wish
        laid = plan(self._model, wish, pictures=given.pictures, characters=given.characters)
        if wish.tries:
            reel, broken = watched_reel(
                self._model, wish, laid, self._files, kept=self._kept, on_progress=self._tell
            )
            self._note(broken)
            return reel
        request, film = laid.request, laid.canvas.inside()
        text = self._model.read(request.prompts, negative=request.negative)
        done = dream(self._model, laid.canvas, text, request, on_progress=self._tell)
        return Reel(
            prompts=request.prompts,
            latents=torch.cat([part.latents.cpu() for part in done]),
            text=film.text,
            view=film.view,
            references=laid.canvas.outside().latents,
        )

    def _edited(self, wish: Wish) -> Reel:
        assets = self._assets(wish)
        given = sources(self._model, wish, assets)
        if wish.kind == "animate":
            wish = self._heard(of_pictures(self._model, wish, assets.pictures)).wish
        else:
            told = self._heard(of_films(self._model, wish, given))
            wish, given = told.wish, told.given

        def make(wanted: Wish) -> Film:
            return edit(self._model, wanted, assets, given=given, on_progress=self._tell)

        def new(frames: int) -> tuple[int, int]:
            return dreamt(self._model, wish, given, frames=frames)

        if wish.tries:
            take = best_take(
                self._model, wish, make=make, new=new, kept=self._kept, tell=self._tell
            )
            keep_ledger(self._files, take.told.ledger)
            self._note([*take.told.notes, *take.told.ledger.lines()])
            return take.reel
        film = make(wish)
        self._note(list(film.notes))
        return reel_of(self._model, film)

    def _storyboard(self, wish: Wish) -> Reel:
        clips, company = self._clips(wish), self._company(wish)
        timeline, seen = sighted_shots(self._model, document(wish), clips, cast=company)
        self._note(list(seen))
        lines = tuple(lines_of(timeline, cast=company).values())
        paint = partial(
            render, self._model,
            cache=StoredPieces(self._files.beside("pieces"), self._kept),
            clips=clips, digests={name: self._files.sha256(name) for name in clips},
            cast=company, on_progress=self._tell,
        )  # fmt: skip
        if wish.tries:
            eye = Eye(self._model, load_judge(), self._tell)
            timeline, ledger = Shots(eye, wish.tries, lines, paint).chosen(timeline)
            keep_ledger(self._files, ledger)
            self._note(list(ledger.lines()))
        return board(self._model, lines, paint(timeline))

    def _clips(self, wish: Wish) -> dict[str, Clip]:
        """What cards begin with, by its name among the files of the job."""
        rate = self._model.capabilities.fps
        names = [picture(index) for index in range(len(wish.pictures))]
        clips = {name: Clip(self._files.pixels(name), rate) for name in names}
        for index, each in enumerate(wish.sources):
            given = self._given(index, each)
            frames = given.shown(self._model) if isinstance(given, Reel) else given
            clips[source(index, each.kind)] = Clip(frames, rate)
        return clips

    def _company(self, wish: Wish) -> Company:
        """Who may be named, each with the middle frame of what shows it."""
        members = []
        for index, role in enumerate(wish.cast):
            frames = self._files.pixels(character(index))
            middle = len(frames) // 2
            still = Clip(frames[middle : middle + 1], self._model.capabilities.fps)
            members.append(Character(role.name, role.words, still))
        return Company(tuple(members))

    def _assets(self, wish: Wish) -> Assets:
        files = self._files
        return Assets(
            sources=tuple(self._given(index, each) for index, each in enumerate(wish.sources)),
            pictures=tuple(files.pixels(picture(i)) for i in range(len(wish.pictures))),
            characters=tuple(files.pixels(character(i)) for i in range(len(wish.characters))),
        )

    def _given(self, index: int, each: Source) -> Reel | Frames:
        name = source(index, each.kind)
        if each.kind == "latents":
            return read_reel(self._files.local(name))
        return self._files.pixels(name)
