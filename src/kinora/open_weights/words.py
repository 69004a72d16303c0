"""Prompts to words with a T5 encoder. In: prompts. Out: states and masks as the network names them.

The families differ in four small ways that each change the picture: see `T5Reading`.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kinora.open_weights.shelf import Shelf


@dataclass(frozen=True)
class T5Reading:
    """How a family reads.

    Args:
        length: ids a prompt is padded to.
        masked: whether the encoder is told which ids are padding.
        zero_past: whether states past the last word become zero.
        mask: the network's keyword for the mask, None where it attends to all states.
        clean: whether text is repaired and its spaces folded first.
        empty_is_zero: whether an empty prompt is all padding.
    """

    length: int
    masked: bool
    zero_past: bool = False
    mask: str | None = None
    clean: bool = False
    empty_is_zero: bool = False

    @torch.inference_mode()
    def __call__(self, shelf: Shelf, prompts: Sequence[str]) -> list[dict[str, Tensor]]:
        """Words of every prompt, batch of one each."""
        return [self._read(shelf, prompt) for prompt in prompts]

    def _read(self, shelf: Shelf, prompt: str) -> dict[str, Tensor]:
        tokenizer, encoder = shelf.get("tokenizer"), shelf.get("text_encoder")
        read = tokenizer(
            [cleaned(prompt) if self.clean else prompt],
            padding="max_length",
            max_length=self.length,
            truncation=True,
            add_special_tokens=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        ids, mask = read.input_ids.to(encoder.device), read.attention_mask.to(encoder.device)
        if self.empty_is_zero and not prompt:
            ids, mask = torch.zeros_like(ids), torch.zeros_like(mask)
        states = encoder(ids, attention_mask=mask if self.masked else None).last_hidden_state
        if self.zero_past:
            states = states * mask[..., None]
        words = {"encoder_hidden_states": states}
        return words if self.mask is None else {**words, self.mask: mask.bool()}


def cleaned(text: str) -> str:
    """Broken encodings and HTML entities repaired, spaces folded."""
    import ftfy

    fixed = html.unescape(html.unescape(ftfy.fix_text(text)))
    return re.sub(r"\s+", " ", fixed).strip()
