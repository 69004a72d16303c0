"""One film's numbers. In: nothing. Out: a frozen row that goes into JSON."""

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """One film's numbers.

    Args:
        key: prompt and seed: what makes two suites comparable film by film.
        wrong: `found for wanted`, one entry per promised fact that is not kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    prompt: str
    heldout: bool
    wrong: tuple[str, ...]
    numbers: dict[str, float]
