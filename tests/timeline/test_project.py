"""Projects: a folder that keeps the document and everything dreamt for it."""

from pathlib import Path

import pytest

from kinora.core.errors import BadMediaError, NotFoundError
from kinora.timeline.document import Timeline
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
