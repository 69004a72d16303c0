"""What the memory's end looks like, whoever meets it."""

import numpy as np
import pytest
import torch

from kinora.core.errors import is_out_of_memory
from kinora.serve.jobs.guard import explain

HUGE = 1 << 50


@pytest.mark.parametrize("ask", [torch.empty, np.empty], ids=["torch", "numpy"])
def test_an_allocator_that_refuses(ask: type) -> None:
    with pytest.raises((RuntimeError, MemoryError)) as refused:
        ask(HUGE)
    assert is_out_of_memory(refused.value)
    assert explain(refused.value)[0] == "out_of_memory"


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("the museum is out of memory"), False),
    ],
    ids=str,
)
def test_other_allocators_and_other_errors(error: Exception, is_it: bool) -> None:
    assert is_out_of_memory(error) is is_it
