"""One wish dreamt. In: a wish, what it names in the store. Out: a reel, by the path or by a verb of the studio."""

from collections.abc import Callable

import torch

from kinora.core.clip import Clip, Frames
from kinora.denoise.model import FilmModel
from kinora.generate import dream
from kinora.serve.board import StoredPieces, board
from kinora.serve.creation import plan
from kinora.serve.edits import Assets, edit
from kinora.serve.jobs.artefacts import Artefacts, character, picture, source
from kinora.serve.jobs.telling import Keeping
from kinora.serve.jobs.wish import Source, Wish
from kinora.serve.reel import Reel, read_reel, reel_of


class Dreaming:
    """Dreams with one model.

    Args:
        model: any film model.
        files: artefacts of the job.
        listener: told of every step; keeps what is dreamt.
        note: told what there is to tell the client.
    """

    def __init__(
        self,
        model: FilmModel,
        files: Artefacts,
        *,
        listener: Keeping,
        note: Callable[[list[str]], None],
    ) -> None:
        self._model, self._files, self._listener, self._note = model, files, listener, note
        self._pieces = StoredPieces(files.beside("pieces"), files, listener.kept)

    def reel(self, wish: Wish) -> Reel:
        """The finished dream."""
        prompts = [card.prompt for card in wish.cards]
        unknown = self._model.read(prompts, negative=wish.negative).not_understood
        if unknown:
            self._note([f"'{word}' is not a word this model knows" for word in unknown])
        if wish.kind == "create":
            return self._created(wish)
        if wish.kind == "storyboard":
            return self._storyboard(wish)
        film = edit(self._model, wish, self._assets(wish), on_progress=self._listener)
        if film.notes:
            self._note(list(film.notes))
        return reel_of(self._model, film)

    def remove(self) -> None:
        """Forget what was kept on the way."""
        self._pieces.remove()

    def _created(self, wish: Wish) -> Reel:
        given = self._assets(wish)
        laid = plan(self._model, wish, pictures=given.pictures, characters=given.characters)
        request, film = laid.request, laid.canvas.inside()
        text = self._model.read(request.prompts, negative=request.negative)
        done = dream(self._model, laid.canvas, text, request, on_progress=self._listener)
        return Reel(
            prompts=request.prompts,
            latents=torch.cat([part.latents.cpu() for part in done]),
            text=film.text,
            view=film.view,
            references=laid.canvas.outside().latents,
        )

    def _storyboard(self, wish: Wish) -> Reel:
        clips: dict[str, Clip] = {}
        digests: dict[str, str] = {}
        rate = self._model.capabilities.fps
        names = [picture(index) for index in range(len(wish.pictures))]
        for name in names:
            clips[name], digests[name] = Clip(self._files.pixels(name), rate), self._digest(name)
        for index, each in enumerate(wish.sources):
            name = source(index, each.kind)
            given = self._given(index, each)
            frames = given.shown(self._model) if isinstance(given, Reel) else given
            clips[name], digests[name] = Clip(frames, rate), self._digest(name)
        return board(
            self._model, wish,
            cache=self._pieces, clips=clips, digests=digests, on_progress=self._listener,
        )  # fmt: skip

    def _digest(self, name: str) -> str:
        return self._files.sha256(name)

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
