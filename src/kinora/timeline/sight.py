"""Words that nobody said. In: what is gone on from, and what was said of it. Out: words that name what is seen there.

A dream that hears of no ground and no light makes up its own, and the film flashes where it leaves what it was given.
Only what the captioner is sure of is added; it knows the simulated world and no other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from kinora.caption.answers import OF_A_FRAME, UNKNOWN
from kinora.caption.facts import Answer, Seen
from kinora.caption.judge import Judge, load_judge
from kinora.caption.words import Teller, place_of
from kinora.core.clip import Clip
from kinora.denoise.model import FilmModel
from kinora.generate import Film
from kinora.prompt.facts import understand
from kinora.prompt.vocabulary import load_vocabulary
from kinora.timeline.animate import Animate
from kinora.timeline.characters import Callers
from kinora.timeline.direct import called, joined
from kinora.timeline.document import Shot, Timeline
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.opening import opening
from kinora.timeline.recut import Recut
from kinora.timeline.render import flows_on, size_of
from kinora.timeline.source import Source, Worded

Given = Film | Clip | Source

NEAR = 2.0
"""Seconds at the end that an extension goes on from: what was before may have been elsewhere."""
SURE = 0.95
"""Below this nothing is added: renders, films of ours and bad copies of both are above 0.99, grey and noise below."""
OTHERS = "name a ground and a light in the prompt for others"
NOTHING = Answer(UNKNOWN, 0.0)


@dataclass(frozen=True)
class Sighted:
    """An edit that says what is seen.

    Args:
        edit: its values, with a completed prompt.
        words: of every film that carries none, what it shows; of others empty.
        added: what its prompt became longer by.
        notes: what was added, and how to say otherwise.
    """

    edit: Edit
    words: tuple[str, ...] = ()
    added: str = ""
    notes: tuple[str, ...] = ()


def sighted(
    model: FilmModel,
    edit: Edit,
    films: Sequence[Given],
    *,
    judge: Callable[[], Judge] = load_judge,
) -> Sighted:
    """The edit with words for what its films show and nobody said.

    Args:
        model: hears them; one that is not of the simulated world is told nothing.
        edit: any values; a `prompt` of None is no new words, an empty one none on purpose.
        films: what is edited, of any size, or pictures.
        judge: gives who looks; asked only where something was left unsaid.
    """
    cut = isinstance(edit, Recut) and edit.seconds is None
    if cut or not model.capabilities.worldly or not _unsaid(edit, films):
        return Sighted(edit)
    looking = judge()
    seen = [looking.see(_near(edit, film)) for film in films]
    if edit.prompt is not None:
        added = missing(edit.prompt, seen)
        prompt = joined(edit.prompt, added)
        note = f"Seen and added: {added}; {OTHERS}"
        notes = (note,) if added else ()
        return Sighted(edit.model_copy(update={"prompt": prompt}), added=added, notes=notes)
    if isinstance(edit, Animate):
        said = described(seen)
        edit = edit.model_copy(update={"prompt": said or None})
        return Sighted(edit, added=said, notes=_lines(said))
    words = [described([one]) if _mute(film) else "" for one, film in zip(seen, films, strict=True)]
    return Sighted(edit, tuple(words), notes=_lines(*words))


def sighted_shots(
    model: FilmModel,
    timeline: Timeline,
    clips: Mapping[str, Film | Clip],
    *,
    cast: Callers | None,
    judge: Callable[[], Judge] = load_judge,
) -> tuple[Timeline, tuple[str, ...]]:
    """The timeline with words for what its shots go on from and nobody said; and what was added.

    Args:
        model: as for `sighted`.
        timeline: what it says to be seen already is not looked at again.
        clips: the files that shots begin with, as for `render`.
        cast: characters that prompts may name.
        judge: as for `sighted`.

    A shot that flows on keeps the ground and the light of the one before, unless it names others.
    """
    if not model.capabilities.worldly:
        return timeline, ()
    look, size = cache(judge), size_of(model, timeline)
    seen, notes = dict(timeline.seen), list[str]()
    before: Shot | None = None
    heard = ""
    for shot in timeline.shots():
        given = opening(model, shot, clips, size=size)
        words = called(shot, timeline, cast=cast)[0].strip()
        if given is not None and shot.id not in seen and _goes_on(shot, given):
            prompt = words or None
            edit = Animate(prompt=prompt) if shot.image else Extend(seconds=1, prompt=prompt)
            told = sighted(model, edit, [given], judge=look)
            if more := told.added or "".join(told.words):
                seen[shot.id] = more
                notes += (f"{shot.id}: {line}" for line in told.notes)
        flows = before is not None and flows_on(model, shot, before)
        if flows and shot.id not in seen and (more := _kept(words, heard)):
            assert before is not None
            seen[shot.id] = more
            notes.append(f"{shot.id}: Kept from {before.id}: {more}; {OTHERS}")
        before, heard = shot, joined(words, seen.get(shot.id, ""))
    return timeline.model_copy(update={"seen": seen}), tuple(notes)


def _kept(words: str, before: str) -> str:
    """A sentence of the ground and the light that words before named, where these, unless they are none, do not."""
    said, old = (understand(each, load_vocabulary()) for each in (words, before))
    ground, light = ("" if getattr(said, name) else getattr(old, name) for name in OF_A_FRAME)
    place = place_of(ground, light)
    return f"all this is{place}" if place and words else ""


def missing(prompt: str, seen: Sequence[Seen]) -> str:
    """A sentence of the ground and the light that are seen where the prompt names none.

    Args:
        prompt: as typed; to an empty one nothing is missing.
        seen: of every picture or clip; what they do not agree on is not added.
    """
    place = Teller(_without(agreed(seen), named(prompt))).place()
    return f"all this is{place}" if place and prompt.strip() else ""


def described(seen: Sequence[Seen]) -> str:
    """What is there in the first of them, in a sentence; empty unless the captioner is sure of every thing.

    Things that words leave out are dreamt away. Ground and light are left out as in `missing`.
    """
    teller = Teller(agreed(seen))
    kinds = [teller.word(thing.answers["kind"]) for thing in seen[0].things]
    return teller.sentence() if seen[0].worldly >= SURE and kinds and all(kinds) else ""


def agreed(seen: Sequence[Seen]) -> Seen:
    """The first, with ground and light unknown unless they are surely the same in all."""

    def known(name: str) -> bool:
        told = [each.told(each.of_frames[name]) for each in seen]
        return len({each.word for each in told}) == 1 and min(each.sure for each in told) >= SURE

    return _without(seen[0], [name for name in OF_A_FRAME if not known(name)])


def named(prompt: str) -> tuple[str, ...]:
    """Which of ground and light the words name."""
    said = understand(prompt, load_vocabulary())
    return tuple(name for name in OF_A_FRAME if getattr(said, name))


def _unsaid(edit: Edit, films: Sequence[Given]) -> bool:
    """Whether the words leave anything to be seen."""
    if edit.prompt is None:
        return any(_mute(film) for film in films)
    return bool(edit.prompt.strip()) and len(named(edit.prompt)) < len(OF_A_FRAME)


def _goes_on(shot: Shot, given: Film | Clip) -> bool:
    """Whether anything is dreamt behind what the shot begins with."""
    clip = given if isinstance(given, Clip) else given.clip
    return shot.image is not None or shot.seconds > clip.seconds


def _mute(film: Given) -> bool:
    """Whether it carries no words."""
    if isinstance(film, Film | Worded):
        return not any(film.request.prompts)
    return not (isinstance(film, Source) and any(film.prompts))


def _near(edit: Edit, film: Given) -> Clip:
    """What of a film is looked at."""
    clip = film if isinstance(film, Clip) else film.clip
    if not isinstance(edit, Extend):
        return clip
    count = round(NEAR * clip.fps)
    return Clip(clip.frames[:count] if edit.backward else clip.frames[-count:], clip.fps)


def _without(seen: Seen, names: Collection[str]) -> Seen:
    """What is seen, with these answers about the whole picture unknown."""
    kept = {name: NOTHING if name in names else said for name, said in seen.of_frames.items()}
    return replace(seen, of_frames=kept)


def _lines(*words: str) -> tuple[str, ...]:
    return tuple(f"Seen: {each}; say otherwise in the prompt" for each in words if each)
