"""Names in a prompt. In: words, and names with what a model shall hear for them. Out: who is meant, and that."""

import re
from collections.abc import Iterable, Mapping


def mentioned(prompt: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` that the prompt speaks of as whole words, in order of appearance.

    Capitals do not matter; where one name begins like another, the longer one is meant.
    """
    known = {name.lower(): name for name in names}
    found = _pattern(known).findall(prompt) if known else []
    return tuple(dict.fromkeys(known[each.lower()] for each in found))


def spoken(prompt: str, words: Mapping[str, str]) -> str:
    """The prompt as a model hears it: `the` and the words of a name in its place.

    Args:
        prompt: as typed.
        words: what stands for each name; a name without words stays as it is.
    """
    known = {name.lower(): said for name, said in words.items() if said}
    if not known:
        return prompt
    return _pattern(known).sub(lambda match: f"the {known[match[0].lower()]}", prompt)


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    whole = "|".join(re.escape(name) for name in longest_first)
    return re.compile(rf"(?<![\w-])(?:{whole})(?![\w-])", re.IGNORECASE)
