"""The simulated world: a seed in; frames, truth and captions out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinora.world.clip import WorldClip, render_clip
    from kinora.world.mix import Mix
    from kinora.world.sample import sample_scene
    from kinora.world.scene import Scene
    from kinora.world.truth import Facts, Truth, facts

__all__ = [
    "Facts",
    "Mix",
    "Scene",
    "Truth",
    "WorldClip",
    "facts",
    "render_clip",
    "sample_scene",
]

_HOMES = {
    "Facts": "truth",
    "Truth": "truth",
    "facts": "truth",
    "Mix": "mix",
    "Scene": "scene",
    "WorldClip": "clip",
    "render_clip": "clip",
    "sample_scene": "sample",
}


def __getattr__(name: str) -> object:
    """Import on first use: the ray caster brings numba along."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"kinora.world.{_HOMES[name]}"), name)
