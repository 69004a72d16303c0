"""The page of the server names every route and every setting, and the compose file is sound."""

import re
from pathlib import Path

import yaml

from kinora.serve.settings import Settings
from serving import Served


def test_every_route_is_on_the_page_and_no_other(server: Served, root: Path) -> None:
    page = (root / "docs" / "serve.md").read_text()
    told = set(re.findall(r"^\| `((?:GET|POST|PATCH|DELETE) /\S+)`", page, re.M))
    document = server.http.get("/openapi.json").json()
    there = {
        f"{method.upper()} {path}"
        for path, actions in document["paths"].items()
        for method in actions
    }
    assert told == there


def test_every_setting_is_on_the_page(root: Path) -> None:
    page = (root / "docs" / "serve.md").read_text()
    missing = [name for name in Settings.model_fields if f"`{name}`" not in page]
    assert not missing


def test_compose(root: Path) -> None:
    composed = yaml.safe_load((root / "compose.yaml").read_text())
    assert set(composed["services"]) == {"database", "server", "worker"}
    for name in ("server", "worker"):
        given = composed["services"][name]["environment"]
        fields = {key.removeprefix("KINORA_").lower() for key in given}
        assert fields <= set(Settings.model_fields)
