"""One way to compile. In: a plain function on numbers and arrays. Out: the same, as machine code.

The compiled code is cached on disk, lets go of the interpreter lock and runs on one thread.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """The function as machine code, compiled at its first call and cached on disk."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
