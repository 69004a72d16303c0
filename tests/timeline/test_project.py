"""Projects: a folder that keeps the document and everything dreamt for it."""

from pathlib import Path

import pytest

from kinora.core.errors import BadMediaError, NotFoundError
from kinora.timeline.document import Shot, Timeline, Track
from kinora.timeline.project import Project, project


def test_a_project_is_found_from_below(tmp_path: Path) -> None:
    (tmp_path / ".kinora").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert project(below).folder == (tmp_path / ".kinora").resolve()


def test_a_change_can_be_undone_in_another_process(tmp_path: Path) -> None:
    Project(tmp_path / ".kinora").change(Timeline(name="one"))
    Project(tmp_path / ".kinora").change(Timeline(name="two"))
    history = Project(tmp_path / ".kinora").history()
    assert history.present.name == "two"
    assert history.undo().present.name == "one"


def test_no_project_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    here = Project(tmp_path)
    with pytest.raises(NotFoundError, match="kinora storyboard FILE"):
        here.history()
    here.document.write_text('{"present": {"name": 3}}')
    with pytest.raises(BadMediaError, match="is damaged"):
        here.history()


def test_files_are_found_from_any_folder_and_after_a_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, (inside, outside) = tmp_path / "film", (tmp_path / "film/a.png", tmp_path / "b.png")
    home.mkdir()
    inside.touch()
    outside.touch()

    def named(*names: str) -> Timeline:
        shots = (Shot(id=f"s{i}", seconds=1, image=name) for i, name in enumerate(names))
        return Timeline(tracks=(Track(items=tuple(shots)),))

    def names(folder: Path) -> list[str | None]:
        return [shot.image for shot in Project(folder / ".kinora").history().present.shots()]

    monkeypatch.chdir(tmp_path)
    project(home).change(named("film/a.png", "b.png", str(outside)))
    assert names(home) == ["film/a.png", "b.png", str(outside)]
    monkeypatch.chdir(home)
    assert names(home) == ["a.png", "../b.png", str(outside)]
    # The same files by other names are no change.
    assert not project(home).change(named("a.png", "../b.png", str(outside))).past
    home.rename(tmp_path / "moved")
    assert names(tmp_path / "moved") == ["a.png", "../b.png", str(outside)]


def test_a_document_of_before_names_files_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Project(tmp_path / "film" / ".kinora")
    home.folder.mkdir(parents=True)
    (tmp_path / "film" / "a.png").touch()
    old = '{"present": {"tracks": [{"items": [{"kind": "shot", "id": "s", "seconds": 1, "image": "film/a.png"}]}]}}'
    home.document.write_text(old)
    monkeypatch.chdir(tmp_path)
    assert home.history().present.shot("s").image == "film/a.png"
