import torch

from kinora.caption.answers import OF_A_FRAME, OF_A_THING
from kinora.caption.network import Eye, EyeConfig

TINY = EyeConfig(stem=4, fine=8, coarse=8, depth=1)


def test_every_cell_and_every_frame_answers_every_question() -> None:
    glance = Eye(TINY)(torch.zeros(2, 3, 48, 80))
    assert glance.centre.shape == (2, 6, 10)
    assert glance.box.shape == (2, 4, 6, 10)
    assert {name: p.shape[1] for name, p in glance.of_things.items()} == {
        name: len(words) for name, words in OF_A_THING.items()
    }
    assert {name: p.shape for name, p in glance.of_frames.items()} == {
        name: (2, len(words)) for name, words in OF_A_FRAME.items()
    }


def test_frames_of_a_batch_do_not_see_each_other() -> None:
    eye = Eye(TINY)
    frames = torch.rand(3, 3, 32, 48) * 2 - 1
    together, alone = eye(frames).features, eye(frames[1:2]).features
    torch.testing.assert_close(together[1:2], alone)


def test_settings_build_the_same_network() -> None:
    eye = Eye(TINY)
    again = Eye(EyeConfig.model_validate(eye.settings()))
    assert again.state_dict().keys() == eye.state_dict().keys()
