"""Draw the hundred prompts of the first film and of its stills, once. Out: evaluate/prompts_first_film.json."""

import json
from pathlib import Path

from kinora.evaluate import promise

FILMS, STILLS = 30_000_000, 31_000_000


def main() -> None:
    drawn = {
        "films": promise.draw_all(100, seed=FILMS, frames=33),
        "stills": promise.draw_all(100, seed=STILLS, frames=1),
    }
    lines = {
        shape: [json.dumps(one.model_dump(), separators=(",", ":")) for one in many]
        for shape, many in drawn.items()
    }
    between = ",\n"
    body = between.join(f'"{shape}": [\n{between.join(rows)}\n]' for shape, rows in lines.items())
    file = Path(promise.__file__).with_name("prompts_first_film.json")
    file.write_text(f"{{{body}}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
