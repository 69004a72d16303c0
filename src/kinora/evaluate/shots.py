"""A timeline whose shots are dreamt again until they keep their words. In: a timeline. Out: seeds for its shots.

The pieces of every take are kept under the hash of their recipe, so the film with the seeds that were chosen is
there already, and whoever was broken off looks again but dreams nothing twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from kinora.caption.judge import Judge
from kinora.core.progress import OnProgress, silent
from kinora.denoise.model import FilmModel
from kinora.evaluate.ledger import Told
from kinora.evaluate.takes import Eye, best_of, other_seed
from kinora.evaluate.verify import Ledger, Window
from kinora.timeline.cache import Piece
from kinora.timeline.characters import Cast
from kinora.timeline.direct import lines_of
from kinora.timeline.document import Gap, Item, Shot, Timeline
from kinora.timeline.project import Project
from kinora.timeline.render import cut_off
from kinora.timeline.studio import prepare


@dataclass(frozen=True, eq=False)
class Shots:
    """The shots of a film in the making.

    Args:
        eye: looks at them.
        tries: how often each is dreamt at most; 1 only watches.
        told: the words of all shots as the model hears them, in order.
        render: the pieces of a timeline.
    """

    eye: Eye
    tries: int
    told: tuple[str, ...]
    render: Callable[[Timeline], tuple[Piece, ...]]

    def chosen(self, timeline: Timeline) -> tuple[Timeline, Ledger]:
        """The timeline with the seed of the best take for every shot, and what came out.

        A shot that begins with a film shows that film's frames, and is not looked at; nor is a bridge,
        which lies between the words of two shots.
        """
        items, windows = list(timeline.items), list[Window]()
        for number, item in enumerate(items):
            if isinstance(item, Shot) and item.clip is None and item.prompt:
                rest = items[number + 1 :]
                ends = (Gap(seconds=1),) if cut_off(self.eye.model, item, rest) else ()
                items[number], seen = self._best(timeline, items[:number], item, ends)
                windows += seen.windows
        return timeline.with_items(tuple(items)), Ledger(windows=tuple(windows))

    def _best(
        self, timeline: Timeline, before: list[Item], shot: Shot, ends: tuple[Gap, ...]
    ) -> tuple[Shot, Ledger]:
        """The shot with the seed that served best behind what was chosen before.

        What cuts it off stands behind it as black, or it would be of another length.
        """

        def take(number: int) -> tuple[Shot, Ledger]:
            new = shot.model_copy(update={"seed": other_seed(shot.seed, number)})
            return new, self._seen(timeline.with_items((*before, new, *ends)), len(before))

        (new, _), ledger = best_of(self.tries, take, ledger=lambda made: made[1])
        return new, ledger

    def _seen(self, film: Timeline, number: int) -> Ledger:
        """What the shot of this number among the film's items keeps."""
        pieces, fps = self.render(film), self.eye.model.capabilities.fps
        # Pieces are as long as latents allow: a shot is where its piece is, not where the document has it.
        first = [0, *accumulate(len(each.frames) for each in pieces)]
        pairs = zip(film.items, first, strict=False)
        starts = [at / fps for item, at in pairs if item.kind == "shot"]
        ends = [*starts[1:], float("inf")]
        told = [Told(*each) for each in zip(self.told, starts, ends, strict=False)]
        return Ledger(windows=self.eye.look(pieces[number].frames, told, first=first[number]))


def verified_timeline(
    timeline: Timeline,
    home: Project,
    *,
    model: FilmModel,
    judge: Judge,
    tries: int = 3,
    on_progress: OnProgress = silent,
) -> tuple[Timeline, Ledger]:
    """Dream every shot of a timeline until it keeps its words.

    Args:
        timeline: what the film is to be.
        home: keeps the pieces of all takes, so that `make_film` dreams none of them again.
        model: what dreams.
        judge: looks at every shot.
        tries: how often a shot is dreamt at most; 1 only watches.
        on_progress: told after every step and look; may raise to stop.

    Returns:
        The timeline with the seeds of the best takes, and the ledger of what they keep.

    Raises:
        UsageError: the timeline is empty.
    """
    ready = prepare(model, timeline, home, on_progress=on_progress)
    told = tuple(lines_of(ready.timeline, cast=Cast(home.characters)).values())
    shots = Shots(Eye(model, judge, on_progress), tries, told, ready.paint)
    chosen, ledger = shots.chosen(ready.timeline)
    # What is seen is no part of the project's document, whose prompts may change: `make_film` looks again.
    return chosen.model_copy(update={"seen": timeline.seen}), ledger
