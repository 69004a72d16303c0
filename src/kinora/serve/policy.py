"""What is not made. In: a prompt, a finished film. Out: nothing, or the reason for a refusal.

A small default that an owner replaces by naming a class of the same two methods in the settings.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Protocol

from kinora.core.errors import KinoraError, UsageError
from kinora.serve.settings import Settings

MINORS = re.compile(
    r"\b(child|children|kids?|minors?|toddler|infant|underage|schoolgirl|schoolboy|teens?)\b", re.I
)
SEXUAL = re.compile(r"\b(nude|naked|sex|sexual|sexy|porn|pornographic|erotic|nsfw)\b", re.I)


class PolicyError(KinoraError):
    """A finished film that is not delivered."""

    code = "content_policy"


class Policy(Protocol):
    """Asked before a job is taken and before a film is delivered."""

    def prompt(self, text: str) -> str | None:
        """Why these words are refused, or None."""
        ...

    def film(self, path: Path) -> str | None:
        """Why this film is not delivered, or None."""
        ...


class DefaultPolicy:
    """Refuses sexual content with minors, and the owner's own list of words."""

    def __init__(self, settings: Settings) -> None:
        words = "|".join(re.escape(word) for word in settings.blocked_words)
        self._blocked = re.compile(rf"\b({words})\b", re.I) if words else None

    def prompt(self, text: str) -> str | None:
        """Why these words are refused, or None."""
        if MINORS.search(text) and SEXUAL.search(text):
            return "sexual content with minors is not made"
        if self._blocked is not None and self._blocked.search(text):
            return "the prompt holds a word that this server refuses"
        return None

    def film(self, path: Path) -> str | None:
        """Nothing: looking at pictures needs a model that this default does not have."""
        return None


def load_policy(settings: Settings) -> Policy:
    """The policy that the settings name as `module:Class`, called with the settings.

    Raises:
        UsageError: there is no such class.
    """
    if settings.policy is None:
        return DefaultPolicy(settings)
    module, _, name = settings.policy.partition(":")
    try:
        policy: Policy = getattr(import_module(module), name)(settings)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"there is no policy '{settings.policy}'", why=str(error), remedy="Write module:Class"
        ) from error
    return policy
