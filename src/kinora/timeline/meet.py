"""Where dreamt frames meet given ones. In: an edit or a timeline, and what came of it. Out: its seams, measured."""

from collections.abc import Sequence

import numpy as np

from kinora.core.clip import Clip, Frames
from kinora.media.measure import Seam
from kinora.timeline.blend import Blend
from kinora.timeline.cache import Piece
from kinora.timeline.document import Item
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.loop import Loop
from kinora.timeline.recut import Recut, trim
from kinora.timeline.region import Change
from kinora.timeline.retake import Retake
from kinora.timeline.seam import jump, liveliest
from kinora.timeline.source import Source


def seams(edit: Edit, given: Sequence[Source], made: Clip, *, time: int) -> tuple[Seam, ...]:
    """The seams of an edited film; none where all of it is new.

    Args:
        edit: the values of any edit.
        given: its sources; none for pictures.
        made: the film.
        time: frames that a latent spans.
    """
    own = [source.clip.frames for source in given]
    return _measured(made, _meetings(edit, given, made.frames, time=time), own)


def flows(items: Sequence[Item], pieces: Sequence[Piece], film: Clip) -> tuple[Seam, ...]:
    """The seams of a timeline's film: where a shot flows on, and at both ends of a bridge; a cut is none.

    Args:
        items: of the document's first track.
        pieces: what became of each.
        film: all of them.
    """
    found: list[Seam] = []
    for number in range(1, len(items)):
        at = sum(len(piece.frames) for piece in pieces[:number])
        if _flow(items[number - 1], items[number]):
            # Of a bridge it is the shot on the other side that was given.
            given = number if items[number - 1].kind == "transition" else number - 1
            found += _measured(film, (at,), (pieces[given].frames,))
    return tuple(found)


def _flow(one: Item, two: Item) -> bool:
    if one.kind == "shot" and two.kind == "shot":
        return two.enter == "flow" and two.clip is None and one.view == two.view
    return "transition" in {one.kind, two.kind}


def _meetings(edit: Edit, given: Sequence[Source], frames: Frames, *, time: int) -> tuple[int, ...]:
    """The frames whose step from the one before is from given to dreamt or back; one past the last is the first."""
    count = len(frames)
    match edit:
        case Blend():
            return len(given[0].clip), count - len(given[1].clip)
        case Extend(backward=True):
            return (count - len(given[0].clip),)
        case Extend():
            return (len(given[0].clip),)
        case Loop():
            return len(given[0].clip), count
        case Recut():
            kept = len(trim(given[0], edit.start, edit.stop, time=time).clip)
            return (kept,) if kept < count else ()
        case Retake() | Change():
            new = np.any(frames != given[0].clip.frames, axis=(1, 2, 3))
            return tuple(int(at) + 1 for at in np.flatnonzero(new[1:] != new[:-1]))
        case _:
            return ()


def _measured(film: Clip, places: Sequence[int], own: Sequence[Frames]) -> tuple[Seam, ...]:
    moving = [frames for frames in own if len(frames) > 1]  # a still says nothing of steps
    if not moving:
        return ()
    frames, usual = film.frames, liveliest(moving)
    return tuple(
        Seam(
            at=round(at / film.fps, 3),
            step=round(jump(frames[at - 1], frames[at % len(frames)]), 3),
            usual=round(usual, 3),
        )
        for at in places
    )
