"""One server for the whole session; a test that breaks things starts its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serving import Served
from tiny import tiny_model_folder

__all__ = ["tiny_model_folder"]

Serve = Callable[..., Served]
RUNNING = "SERVER_OF_ANOTHER_SESSION"


@pytest.fixture(scope="session")
def server(tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running server with one worker; `RUNNING` names one that another session of tests has."""
    if RUNNING in os.environ:
        folder, _, port = os.environ[RUNNING].rpartition(":")
        there = Served(Path(folder), tiny_model_folder).at(int(port))
        yield there
        there.http.close()
        return
    served = Served(tmp_path_factory.mktemp("server"), tiny_model_folder, checkpoint_seconds=0.2)
    yield served.start()
    served.close()


@pytest.fixture
def serve(tiny_model_folder: Path, tmp_path: Path) -> Iterator[Serve]:
    """`serve(**settings)` is a server of the test's own, not yet started."""
    made: list[Served] = []

    def make(**settings: Any) -> Served:
        folder = tmp_path / f"server-{len(made)}"
        made.append(Served(folder, tiny_model_folder, **settings))
        return made[-1]

    yield make
    for served in made:
        served.close()
