import pytest
import torch

from kinora.cli.main import main
from kinora.core.device import VARIABLE, check_device, wished_device
from kinora.core.errors import UnsupportedError, UsageError
from tiny import tiny_bundle


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:1", "mps"])
def test_names_of_devices(name: str) -> None:
    assert check_device(name) == name


@pytest.mark.parametrize("name", ["tpu", "cuda:", "cuda:x", ""])
def test_what_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cpu, cuda, mps"):
        check_device(name)


def test_nobody_has_to_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert wished_device() is None
    monkeypatch.setenv(VARIABLE, "cpu")
    assert wished_device() == torch.device("cpu")


def test_a_device_that_is_not_there_is_told_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    number = torch.cuda.device_count()
    monkeypatch.setenv(VARIABLE, f"cuda:{number}")
    with pytest.raises(UnsupportedError, match=f"no cuda:{number}"):
        wished_device()
    assert main(["generate", "a red ball", "--device", f"cuda:{number}", "-q"]) == 2
    told = capsys.readouterr().err
    assert f"there is no cuda:{number}" in told and "kinora doctor" in told
    assert main(["generate", "a red ball", "--device", "tpu", "-q"]) == 2


def test_a_bundle_moves_as_a_whole() -> None:
    bundle = tiny_bundle().on(torch.device("meta"))
    assert bundle.device.type == "meta"
    for network in (bundle.text, bundle.transformer, bundle.autoencoder):
        assert {each.device.type for each in network.state_dict().values()} == {"meta"}
