"""What may be a prompt, and how hard to follow it. In: what somebody typed. Out: the same, or what to type instead."""

from kinora.core.errors import UsageError

MAX_PROMPT = 32_000
MAX_GUIDANCE = 100.0
"""Far beyond any use; not much further, latents are no longer numbers."""


def check_prompt(prompt: str) -> str:
    """The prompt itself, if it is 1 to 32,000 printable characters, else `UsageError`."""
    remedy = 'Describe the film in words, for example "a red ball bounces on grass"'
    if not prompt.strip():
        raise UsageError("the prompt is empty", remedy=remedy)
    if len(prompt) > MAX_PROMPT:
        raise UsageError(
            f"the prompt has {len(prompt)} characters, at most {MAX_PROMPT} are read", remedy=remedy
        )
    if any(not (c.isprintable() or c.isspace()) for c in prompt):
        raise UsageError("the prompt holds characters that are not text", remedy=remedy)
    return prompt


def check_guidance(guidance: float) -> float:
    """The guidance itself if it lies in (0, 100], else `UsageError`."""
    if not 0 < guidance <= MAX_GUIDANCE:
        raise UsageError(
            f"a guidance of {guidance:g} cannot make a film",
            why=f"it must be more than 0 and at most {MAX_GUIDANCE:g}; 1 is none",
            remedy="Try --guidance 3",
        )
    return guidance
