"""What may be a prompt. In: what somebody typed. Out: the same words, or what to type instead."""

from kinora.core.errors import UsageError

MAX_PROMPT = 32_000


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
