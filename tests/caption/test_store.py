from pathlib import Path

import pytest
import torch

from kinora.caption.judge import load_judge
from kinora.caption.network import Eye, EyeConfig
from kinora.caption.store import fill, read_settings, save_network
from kinora.core.errors import NotFoundError

TINY = EyeConfig(stem=4, fine=8, coarse=8, depth=1)


def test_a_network_comes_back_as_it_was_written(tmp_path: Path) -> None:
    eye = Eye(TINY)
    folder = save_network(eye, eye.settings(), tmp_path / "eye")
    again = fill(Eye(read_settings(folder, EyeConfig)), folder)
    frames = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(again(frames).centre, eye(frames).centre, atol=0.02, rtol=0.02)
    assert not any(p.requires_grad for p in again.parameters())


def test_damaged_weights_are_told_with_a_remedy(tmp_path: Path) -> None:
    eye = Eye(TINY)
    folder = save_network(eye, eye.settings(), tmp_path / "eye")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(NotFoundError, match="damaged"):
        load_judge(tmp_path)


def test_a_folder_without_a_judge_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cannot read"):
        load_judge(tmp_path)
