"""Which attention kernel runs. In: a backend's name. Out: a block in which the library uses it."""

from collections.abc import Iterator
from contextlib import contextmanager

from kinora.core.errors import UsageError


def backends() -> list[str]:
    """The names this library version knows; not every machine can run each."""
    from diffusers.models.attention_dispatch import AttentionBackendName

    return sorted(each.value for each in AttentionBackendName)


@contextmanager
def attention(backend: str) -> Iterator[None]:
    """Use a backend inside the block; the library's own setter would change every later model too.

    Raises:
        UsageError: no such backend, or it does not run on this machine.
    """
    from diffusers.models.attention_dispatch import AttentionBackendName, attention_backend

    if backend not in backends():
        raise UsageError(
            f"there is no attention backend '{backend}'", remedy=f"One of: {', '.join(backends())}"
        )
    with attention_backend(AttentionBackendName(backend)):
        yield
