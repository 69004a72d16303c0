"""The shots of a timeline are watched where they stand in the film."""

from pathlib import Path

import numpy as np

from kinora.caption.judge import load_judge
from kinora.core.clip import Clip
from kinora.evaluate.shots import verified_timeline
from kinora.media.write import save
from kinora.timeline.document import Gap, Shot, Timeline, Track, Transition
from kinora.timeline.project import Project
from kinora.timeline.studio import prepare
from tiny import tiny_bundle


def test_every_shot_that_is_dreamt_is_watched_in_its_place(tmp_path: Path) -> None:
    model, clip = tiny_bundle(), tmp_path / "clip.mp4"
    save(Clip(np.full((9, 64, 96, 3), 90, np.uint8), 8.0), clip)
    items = (
        Gap(seconds=1),
        Shot(id="a", seconds=1, prompt="a red ball on grass", seed=1),
        Transition(id="t", seconds=1),
        Shot(id="b", seconds=1, prompt="a blue cube on sand", seed=2),
        Shot(id="c", seconds=1, prompt="a red ball", clip=str(clip)),
    )
    board = Timeline(height=64, width=96, steps=1, tracks=(Track(items=items),))
    home = Project(tmp_path / ".kinora")
    chosen, ledger = verified_timeline(board, home, model=model, judge=load_judge(), tries=2)
    pieces = prepare(model, chosen, home).paint(chosen)
    first = np.cumsum([0, *(len(each.frames) for each in pieces)])
    starts = [round(each.start * 8) for each in ledger.windows]
    assert starts == [first[1], first[3]], "a clip is not looked at, nor is a bridge"
    assert {each.tries for each in ledger.windows} == {2}
    assert [shot.seed for shot in chosen.shots()][2] == 0
    things = [
        [entry.wanted for entry in each.entries if entry.name == "thing"] for each in ledger.windows
    ]
    assert things == [["ball"], ["cube"]]


def test_what_was_chosen_is_there_already(tmp_path: Path) -> None:
    model, home = tiny_bundle(), Project(tmp_path / ".kinora")
    shot = Shot(id="a", seconds=1, prompt="a red ball on grass", seed=1)
    board = Timeline(height=64, width=96, steps=1, tracks=(Track(items=(shot,)),))
    chosen, _ = verified_timeline(board, home, model=model, judge=load_judge(), tries=2)
    stages = list[str]()
    ready = prepare(model, chosen, home, on_progress=lambda told: stages.append(told.stage))
    ready.paint(chosen)
    assert "denoise" not in stages
