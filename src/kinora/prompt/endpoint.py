"""Somebody else's words. In: a wish, an address. Out: a paragraph from an OpenAI-compatible chat endpoint."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from kinora.core.errors import KinoraError, UsageError
from kinora.prompt.vocabulary import Vocabulary

LIMIT = 1 << 20
"""Bytes of an answer that are read."""


@dataclass(frozen=True)
class Endpoint:
    """Where to ask.

    Args:
        url: the base, as in `http://localhost:8000/v1`.
        model: whom to ask there.
        key: sent as a bearer token if not empty.
        timeout: seconds.
    """

    url: str
    model: str
    key: str = ""
    timeout: float = 60.0


def ask(endpoint: Endpoint, wish: str, words: Vocabulary) -> str:
    """The paragraph that the endpoint writes for a wish.

    Raises:
        UsageError: the address is not one.
        KinoraError: no answer, an error, or an answer of another form.
    """
    if urlsplit(endpoint.url).scheme not in ("http", "https"):
        raise UsageError(f"'{endpoint.url}' is not the address of an endpoint")
    body = {
        "model": endpoint.model,
        "temperature": 0,
        "seed": 0,
        "messages": [
            {"role": "system", "content": instructions(words)},
            {"role": "user", "content": wish},
        ],
    }
    head = {"Content-Type": "application/json"}
    if endpoint.key:
        head["Authorization"] = f"Bearer {endpoint.key}"
    address = endpoint.url.rstrip("/") + "/chat/completions"
    request = Request(address, data=json.dumps(body).encode(), headers=head)
    try:
        with urlopen(request, timeout=endpoint.timeout) as answer:
            return _paragraph(json.loads(answer.read(LIMIT)))
    except HTTPError as error:
        with error:
            raise _failed(endpoint, f"it answered {error.code} {error.reason}") from error
    except (URLError, TimeoutError, OSError) as error:
        raise _failed(endpoint, str(getattr(error, "reason", error))) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _failed(endpoint, "its answer has no message") from error


def instructions(words: Vocabulary) -> str:
    """What the endpoint is told: the shape of a paragraph and the words that may be used."""
    return (
        "Rewrite the wish as a film director's paragraph of two to five short sentences in lower case: "
        "who is there and where, what happens in order, the light, the camera. Use only these words.\n"
        f"things: {', '.join(words.kinds)}\ncolours: {', '.join(words.colours)}\n"
        f"sizes: {', '.join(words.sizes)}\nfinishes: {', '.join(words.finishes)}\n"
        f"grounds: {', '.join(words.grounds)}\nlights: {', '.join(words.lights)}\n"
        f"verbs: {', '.join(words.verbs)}\ncamera: {'; '.join(words.moves.values())}\n"
        "Answer with the paragraph alone."
    )


def _paragraph(answer: Any) -> str:
    text = str(answer["choices"][0]["message"]["content"]).strip()
    if not text:
        raise ValueError
    return text


def _failed(endpoint: Endpoint, why: str) -> KinoraError:
    return KinoraError(
        f"{endpoint.url} did not expand the prompt",
        why=why,
        remedy="Leave --endpoint away to expand it here",
    )
