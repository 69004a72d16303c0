"""Into editing programs and back. In: a timeline and its rendered files. Out: `.otio`, `.otioz`, `.xml`.

OpenTimelineIO carries our own fields as metadata; prompts and seeds also stand in markers, which every
program shows. A dissolve needs frames on both sides of it, so a dreamt bridge is a clip of its own.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from kinora.core.config import settle
from kinora.core.errors import BadMediaError, KinoraError, UsageError
from kinora.media.sequence import files_of
from kinora.timeline.document import Gap, Item, Marker, Shot, Timeline, Track, Transition

if TYPE_CHECKING:
    import opentimelineio as otio

OURS = "kinora"
XML_RATES = (24, 25, 30, 48, 50, 60)
"""Whole rates that have a timecode, without which FCP7 XML cannot be written."""

SUFFIXES = {".otio": "otio_json", ".otioz": "otioz", ".xml": "fcp_xml"}


def export(
    timeline: Timeline,
    target: Path,
    *,
    files: Mapping[str, Path],
    frames: Mapping[str, int],
    fps: float,
) -> None:
    """Write the timeline for an editing program.

    Args:
        timeline: the document.
        target: `.otio`, `.otioz` (which holds the files too) or `.xml` (FCP7).
        files: the rendered video of every shot and transition, by id.
        frames: how many frames each of them has.
        fps: frames a second of all of them; for FCP7 XML one that `repeats` leaves alone.

    Raises:
        UsageError: the suffix is none of these.
        KinoraError: the libraries of the extra `export` are not installed.
    """
    adapter = SUFFIXES.get(target.suffix.lower())
    if adapter is None:
        raise UsageError(
            f"'{target.name}' is no timeline", remedy=f"Use one of {' '.join(SUFFIXES)}"
        )
    library = _library()
    document = to_otio(timeline, files=files, frames=frames, fps=fps)
    if adapter == "otioz":
        target.unlink(missing_ok=True)
    library.adapters.write_to_file(document, str(target), adapter_name=adapter)


def repeats(target: Path, fps: float) -> int:
    """How often every frame is to be repeated so that the format of `target` has a timecode for it.

    Raises:
        UsageError: there is no such rate.
    """
    if target.suffix.lower() != ".xml":
        return 1
    rate = next((rate for rate in XML_RATES if rate % fps == 0), None)
    if rate is None:
        raise UsageError(
            f"FCP7 XML cannot hold {fps:g} frames a second", remedy="Export an .otio instead"
        )
    return int(rate / fps)


def to_otio(
    timeline: Timeline, *, files: Mapping[str, Path], frames: Mapping[str, int], fps: float
) -> "otio.schema.Timeline":
    """The timeline as OpenTimelineIO knows it; arguments as for `export`."""
    library = _library()
    schema, time = library.schema, library.opentime
    result = schema.Timeline(name=timeline.name)
    result.metadata[OURS] = json.loads(timeline.model_dump_json(exclude={"tracks", "markers"}))
    for track in timeline.tracks:
        made = schema.Track(name=track.name, kind=schema.TrackKind.Video)
        for item in track.items:
            made.append(_item(library, item, files=files, frames=frames, fps=fps))
        result.tracks.append(made)
    for marker in timeline.markers:
        moment = time.TimeRange(time.RationalTime(round(marker.at * fps), fps))
        result.tracks.markers.append(schema.Marker(name=marker.text, marked_range=moment))
    return result


def _item(
    library: Any, item: Item, *, files: Mapping[str, Path], frames: Mapping[str, int], fps: float
) -> Any:
    schema, time = library.schema, library.opentime
    length = 0 if item.kind == "gap" else frames.get(item.id, 0)
    length = length or max(1, round(item.seconds * fps))
    span = time.TimeRange(time.RationalTime(0, fps), time.RationalTime(length, fps))
    if item.kind == "gap":
        return schema.Gap(source_range=span)
    media = schema.MissingReference()
    if item.id in files:
        url = files[item.id].resolve().as_uri()
        media = schema.ExternalReference(target_url=url, available_range=span)
    clip = schema.Clip(name=item.id, media_reference=media, source_range=span)
    values = json.loads(item.model_dump_json())
    clip.metadata[OURS] = values
    words = item.prompt if item.kind == "shot" else f"{item.curve} bridge"
    remark = schema.Marker(name=words, marked_range=time.TimeRange(span.start_time))
    remark.metadata[OURS] = {"prompt": words, "seed": item.seed}
    remark.comment = f"seed {item.seed}"
    clip.markers.append(remark)
    return clip


def read_otio(file: Path) -> Timeline:
    """A timeline from an `.otio` file: ours comes back as it was, a stranger's clips become shots.

    A shot of ours that was cut there begins with its rendered file, at the frame where the cut is.

    Raises:
        BadMediaError: it cannot be read.
    """
    library = _library()
    try:
        given = library.adapters.read_from_file(str(file))
    except (library.exceptions.OTIOError, OSError, ValueError) as error:
        raise BadMediaError(f"cannot read {file}", why=str(error).splitlines()[0]) from error
    if not isinstance(given, library.schema.Timeline):
        raise BadMediaError(f"{file} holds no timeline")
    items = [_read_items(library, track, file.parent) for track in given.video_tracks()]
    names = [track.name or "film" for track in given.video_tracks()]
    tracks = tuple(
        settle(Track, {"name": name, "items": tuple(some)})
        for name, some in zip(names, _named_once(items), strict=True)
    )
    markers = tuple(
        Marker(at=max(0.0, mark.marked_range.start_time.to_seconds()), text=mark.name)
        for mark in given.tracks.markers
    )
    values = _plain(given.metadata.get(OURS, {}))
    values.pop("tracks", None)
    name = given.name or file.stem
    read = settle(Timeline, {**values, "name": name, "tracks": tracks, "markers": markers})
    return read.with_files(lambda each: each if files_of(Path(each)) else str(file.parent / each))


def _read_items(library: Any, track: Any, folder: Path) -> list[Item]:
    items: list[Item] = []
    for number, child in enumerate(track):
        seconds = (
            0.0 if isinstance(child, library.schema.Transition) else child.duration().to_seconds()
        )
        if seconds <= 0:
            continue
        ours = _plain(child.metadata.get(OURS, {}))
        if isinstance(child, library.schema.Gap):
            items.append(Gap(seconds=seconds))
        elif ours.get("kind") == "transition":
            items.append(settle(Transition, ours))
        elif ours and _start(child) == 0 and _whole(child):
            items.append(settle(Shot, ours))
        else:
            items.append(settle(Shot, _cut(library, child, number, folder, ours)))
    return items


def _cut(
    library: Any, clip: Any, number: int, folder: Path, ours: Mapping[str, Any]
) -> dict[str, Any]:
    """A clip of somebody else's, or one of ours that was cut there, as a shot: its file, or its name as words."""
    media, seconds = clip.media_reference, clip.duration().to_seconds()
    shot = {"id": f"clip-{number + 1}", **ours, "seconds": seconds}
    if isinstance(media, library.schema.ExternalReference):
        file = str(_file(media.target_url, folder))
        return {**shot, "image": None, "clip": file, "start": _start(clip)}
    return shot if ours else {**shot, "prompt": clip.name or f"clip {number + 1}"}


def _start(clip: Any) -> float:
    """Seconds into its file at which a clip begins; files may count from a timecode of their own."""
    media = clip.media_reference.available_range if clip.media_reference else None
    begins: float = clip.trimmed_range().start_time.to_seconds()
    if media is not None:
        begins -= media.start_time.to_seconds()
    return max(0.0, round(begins, 6))


def _whole(clip: Any) -> bool:
    """Whether a clip is as long as its file, as far as that is told."""
    media = clip.media_reference.available_range if clip.media_reference else None
    return media is None or clip.duration() == media.duration


def _file(url: str, folder: Path) -> Path:
    """Where a clip's file lies; a relative name is seen from the timeline's folder."""
    parts = urlsplit(url)
    return folder / unquote(parts.path) if parts.scheme in {"", "file"} else Path(url)


def _named_once(tracks: list[list[Item]]) -> list[list[Item]]:
    """The same items, of which no two bear one name: programs copy clips."""
    seen: set[str] = set()

    def named(item: Item) -> Item:
        if item.kind == "gap":
            return item
        free = next(name for name in _names(item.id) if name not in seen)
        seen.add(free)
        return item.model_copy(update={"id": free})

    return [[named(item) for item in items] for items in tracks]


def _names(name: str) -> Iterator[str]:
    """The name, and others made from it, without end."""
    yield name
    yield from (f"{name[:56]}-{number}" for number in count(2))


def _plain(value: Any) -> Any:
    """The library's dictionaries and lists as ours."""
    if hasattr(value, "items"):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if hasattr(value, "append") else value


def _library() -> Any:
    try:
        import opentimelineio
    except ImportError as error:
        raise KinoraError(
            "timelines are exported with OpenTimelineIO, which is not installed",
            remedy="Run: pip install 'kinora[export]'",
        ) from error
    return opentimelineio
