"""The doctor finds what is there, and names a fix for what is not."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinora.cli.main import main
from kinora.core import health


def finding(name: str) -> health.Finding:
    return next(each for each in health.examine() if each.name == name)


def test_what_is_here() -> None:
    assert finding("python").good
    assert finding("torch").good
    assert finding("cores").found == str(os.cpu_count())


def test_everything_that_is_not_good_has_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIBRARIES", ("torch", "no-such-library"))
    monkeypatch.setattr(health, "MEMORY_NEEDED", 1 << 60)
    monkeypatch.setattr(health, "DISK_NEEDED", 1 << 60)
    bad = {each.name: each for each in health.examine() if not each.good}
    assert {"no-such-library", "memory", "disk"} <= set(bad)
    assert "torch" not in bad
    assert all(each.fix for each in bad.values())


def test_weights_are_found_by_their_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "files", lambda _: tmp_path)
    assert not finding("weights").good
    (tmp_path / "weights" / "tiny").mkdir(parents=True)
    assert not finding("weights").good
    (tmp_path / "weights" / "tiny" / "model_index.json").write_text("{}")
    assert finding("weights") == health.Finding("weights", True, "tiny")


def test_a_graphics_card_that_torch_cannot_use_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("torch.accelerator.current_accelerator", lambda: None)
    assert finding("device") == health.Finding(
        "device", False, "cpu", "Install a torch built for CUDA"
    )
    tool.unlink()
    assert finding("device") == health.Finding("device", True, "cpu")


def test_what_our_own_model_computes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, found in (("fp32", "float32"), ("bf16", "bfloat16")):
        monkeypatch.setenv("KINORA_PRECISION", said)
        assert finding("precision").found == f"{found} for our own model"
    monkeypatch.setenv("KINORA_PRECISION", "fp8")
    assert not finding("precision").good
    assert finding("precision").fix == "Use one of: fp32, bf16, auto"


def test_room_for_published_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "not-made-yet"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setattr(health, "DISK_OF_A_MODEL", 0)
    assert not finding("models").fix
    monkeypatch.setattr(health, "DISK_OF_A_MODEL", 1 << 60)
    assert "HF_HOME" in finding("models").fix
    assert finding("models").good, "the shipped model needs none of it"
    assert str(tmp_path) in finding("models").found
    assert "torch" in finding("kernels").found


def test_the_verb(kinora: Callable[..., Any]) -> None:
    result = kinora("doctor", "--json")
    findings = json.loads(result.stdout)["findings"]
    assert result.returncode == (0 if all(each["good"] for each in findings) else 1)


def test_the_verb_for_a_reader(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = health.Finding("weights", False, "none", "train")
    monkeypatch.setattr(health, "examine", lambda: [health.Finding("cores", True, "2"), bad])
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  cores        2",
        "! weights      none",
        "               -> train",
    ]
