"""A storyboard as a film. In: a wish with cards, pictures and clips. Out: its pieces one after the other.

Every finished shot is kept in the store, so a killed worker goes on with the next one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from kinora.core.config import settle
from kinora.denoise.model import FilmModel
from kinora.serve.jobs.kept import Kept
from kinora.serve.jobs.wish import Wish
from kinora.serve.reel import Reel
from kinora.timeline.cache import Cache, Piece, read_piece, write_piece
from kinora.timeline.document import Timeline
from kinora.timeline.render import assemble
from kinora.timeline.storyboard import Board


@dataclass(frozen=True)
class StoredPieces(Cache):
    """Pieces among what a job keeps."""

    shelf: Kept

    def get(self, name: str, make: Callable[[], Piece]) -> Piece:
        """The piece of this name; made and kept if it is not there."""
        stored = f"piece-{name}.safetensors"
        if self.shelf.has(stored):
            found = read_piece(self.shelf.local(stored))
            if found is not None:
                return found
        piece = make()
        with self.shelf.making(stored) as target:
            write_piece(piece, target)
        return piece


def document(wish: Wish) -> Timeline:
    """The wish's cards as a document; raises `UsageError` for cards that overlap, or lie behind the end."""
    common = {"steps": wish.steps, "guidance": wish.guidance, "negative": wish.negative}
    size = {"height": wish.made_height, "width": wish.made_width, "seed": wish.seed}
    return settle(Board, {**common, **size, **wish.options}).timeline()


def board(model: FilmModel, lines: Iterable[str], pieces: tuple[Piece, ...]) -> Reel:
    """The film that all pieces are, one after the other; `lines` are what its shots heard."""
    none = torch.zeros(0, dtype=torch.long)
    empty = pieces[0].latents[:0]
    return Reel(
        prompts=("\n".join(lines),),
        latents=empty,
        text=none,
        view=none,
        references=empty,
        frames=np.ascontiguousarray(assemble(pieces, model.capabilities.fps).frames),
    )
