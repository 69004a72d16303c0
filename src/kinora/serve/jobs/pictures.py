"""Stills of a film that passes by once. In: its frames. Out: a thumbnail (WebP) and a sheet (JPEG)."""

from pathlib import Path

import numpy as np
from PIL import Image

from kinora.core.clip import Frames

COLUMNS, TILES = 4, 12
TILE_WIDTH = 240


class Pictures:
    """Keeps a few small frames of a film of `count`."""

    def __init__(self, *, count: int) -> None:
        tiles = min(TILES, count)
        self._wanted = {round(i * (count - 1) / max(1, tiles - 1)) for i in range(tiles)}
        self._seen = 0
        self._first: Image.Image | None = None
        self._tiles: list[Image.Image] = []

    def add(self, frame: Frames) -> None:
        """The next frame `[h w 3]`."""
        if self._first is None:
            self._first = Image.fromarray(np.ascontiguousarray(frame))
        if self._seen in self._wanted:
            small = Image.fromarray(np.ascontiguousarray(frame))
            height = max(1, round(small.height * TILE_WIDTH / small.width))
            self._tiles.append(small.resize((TILE_WIDTH, height), Image.Resampling.LANCZOS))
        self._seen += 1

    def thumbnail(self, path: Path) -> None:
        """The first frame."""
        assert self._first is not None, "a film has a frame"
        self._first.save(path, "WEBP", quality=85)

    def sheet(self, path: Path) -> None:
        """Frames at even distances, row by row."""
        columns = min(COLUMNS, len(self._tiles))
        lines = -(-len(self._tiles) // columns)
        width, height = self._tiles[0].size
        sheet = Image.new("RGB", (columns * width, lines * height))
        for index, tile in enumerate(self._tiles):
            sheet.paste(tile, (index % columns * width, index // columns * height))
        sheet.save(path, "JPEG", quality=88)
