"""Provenance of delivered films. In: frames, a drawn file. Out: marked frames, a signed file."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from kinora.core.clip import Frames
from kinora.media import watermark
from kinora.media.provenance import load_identity, sign
from kinora.serve.jobs.wish import Wish
from kinora.serve.policy import Policy, PolicyError
from kinora.serve.settings import Settings

WORDS = "made by AI"
"""The visible mark, for whoever asks for one."""


class Seal:
    """Marks every frame and signs every file, unless the owner of the server has switched it off.

    Args:
        settings: `provenance`, and the folder of the identity.
        policy: looks at the film before it is delivered.
    """

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self._identity = load_identity(settings.data / "identity") if settings.provenance else None
        self._policy = policy

    def mark(self, frame: Frames, *, wish: Wish) -> Frames:
        """The frame `[h w 3]` with the mark that is not seen, and the visible one if asked for."""
        if wish.mark:
            frame = visible(frame)
        return frame if self._identity is None else watermark.mark(frame)

    def __call__(
        self, drawn: Path, target: Path, *, wish: Wish, video: str, parents: tuple[Path, ...]
    ) -> None:
        """Write the file that is delivered.

        Raises:
            PolicyError: the policy refuses the film.
        """
        reason = self._policy.film(drawn)
        if reason:
            raise PolicyError("the film is refused", why=reason)
        if self._identity is None:
            shutil.copyfile(drawn, target)
            return
        hidden = {"sources", "pictures", "characters"} | (
            set() if wish.metadata else {"cards", "options", "cast", "negative"}
        )
        # What it was made from tells its own words.
        parents = parents if wish.metadata else ()
        recipe = wish.model_dump(mode="json", exclude_defaults=True, exclude=hidden)
        sign(drawn, target, identity=self._identity, recipe=recipe, title=video, parents=parents)


def visible(frame: Frames) -> Frames:
    """The frame with words in its lower right corner."""
    picture = Image.fromarray(np.ascontiguousarray(frame))
    size = max(8, picture.height // 24)
    place = (picture.width - size // 2, picture.height - size // 2)
    ImageDraw.Draw(picture).text(
        place, WORDS, anchor="rs", font_size=size, fill="white", stroke_width=1, stroke_fill="black"
    )
    return np.array(picture)
