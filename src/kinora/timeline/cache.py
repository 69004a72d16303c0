"""What has been dreamt already. In: everything that decides a piece of film. Out: its latents and frames.

The name of a file is the hash of its recipe, so a recipe that has not changed is never dreamt twice.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from kinora.core.clip import Frames
from kinora.media.atomic import unfinished


@dataclass(frozen=True, eq=False)
class Piece:
    """Latents `[f c h w]` and the frames `[t h w 3]` they are shown as."""

    latents: Tensor
    frames: Frames


def key(recipe: dict[str, Any]) -> str:
    """The hash of a recipe: plain data, whose order of keys does not matter."""
    plain = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


@dataclass(frozen=True)
class Cache:
    """Pieces in a folder, which is made when the first is kept."""

    folder: Path

    def get(self, name: str, make: Callable[[], Piece]) -> Piece:
        """The piece of this name; made and kept if it is not there or cannot be read."""
        file = self.folder / f"{name}.safetensors"
        found = read_piece(file)
        if found is not None:
            return found
        piece = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_piece(piece, file)
        return piece


def read_piece(file: Path) -> Piece | None:
    """The piece in a file, or None if there is none that can be read."""
    try:
        stored = load_file(file)
        return Piece(stored["latents"], stored["frames"].numpy())
    except (OSError, SafetensorError, KeyError):
        return None


def write_piece(piece: Piece, file: Path) -> None:
    """The piece as a file that is there whole or not at all."""
    frames = torch.from_numpy(piece.frames.copy())
    with unfinished(file) as part:
        save_file({"latents": piece.latents.contiguous().cpu(), "frames": frames}, part)
