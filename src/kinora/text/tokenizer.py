"""Words to ids. In: a prompt and a vocabulary. Out: ids, and which words were not understood.

A closed vocabulary of whole words. Synonyms share an id, so the small model need not spend capacity
on learning that crimson is red.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Encoding, Regex, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as _Tokenizer

from kinora.core.errors import NotFoundError

PAD, UNKNOWN, START = "<pad>", "<unk>", "<s>"


@dataclass(frozen=True)
class Reading:
    """What was read: `ids` without padding, and the `unknown` words in order of appearance."""

    ids: tuple[int, ...]
    unknown: tuple[str, ...]


class Tokenizer:
    """Whole words, lower case; the file is the `tokenizers` library's JSON."""

    def __init__(self, inner: _Tokenizer) -> None:
        self._inner = inner
        marks = inner.get_vocab()
        self.pad, self.unknown, self.start = (marks[mark] for mark in (PAD, UNKNOWN, START))

    @staticmethod
    def build(words: Iterable[str], synonyms: Mapping[str, Sequence[str]]) -> "Tokenizer":
        """A tokenizer of `words`; `synonyms` maps a word to the words or phrases that mean it."""
        same = {other: word for word, others in synonyms.items() for other in others}
        kept = sorted({same.get(word, word) for word in words})
        vocabulary = {word: i for i, word in enumerate((PAD, UNKNOWN, START, *kept))}
        inner = _Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
        inner.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Lowercase()]
            + [
                normalizers.Replace(Regex(rf"\b{other}\b"), word)
                for other, word in sorted(same.items(), key=lambda pair: -len(pair[0]))
            ]
        )
        inner.pre_tokenizer = pre_tokenizers.Whitespace()
        return Tokenizer(inner)

    @staticmethod
    def load(file: Path) -> "Tokenizer":
        """From `tokenizer.json`."""
        try:
            return Tokenizer(_Tokenizer.from_file(str(file)))
        except Exception as error:  # the library raises bare Exception for every kind of bad file
            raise NotFoundError(f"cannot read the tokenizer {file}", why=str(error)) from error

    def save(self, file: Path) -> None:
        """To `tokenizer.json`."""
        self._inner.save(str(file))

    def __len__(self) -> int:
        """The number of ids, synonyms counted once."""
        return int(self._inner.get_vocab_size())

    def words(self) -> dict[str, int]:
        """Every canonical word and its id."""
        return {word: i for word, i in self._inner.get_vocab().items() if not word.startswith("<")}

    def read(self, prompt: str, *, limit: int) -> Reading:
        """At most `limit` ids, the first a start mark; unknown words are left out and reported."""
        return self._reading(prompt, self._inner.encode(prompt), limit)

    def read_all(self, prompts: Sequence[str], *, limit: int) -> list[Reading]:
        """As `read`, many prompts at once on all cores."""
        encodings = self._inner.encode_batch(list(prompts))
        return [self._reading(p, e, limit) for p, e in zip(prompts, encodings, strict=True)]

    def _reading(self, prompt: str, encoding: Encoding, limit: int) -> Reading:
        ids, unknown = [self.start], []
        for index, (start, stop) in zip(encoding.ids, encoding.offsets, strict=True):
            if index != self.unknown:
                ids.append(index)
            elif prompt[start:stop].isalnum():
                unknown.append(prompt[start:stop].lower())
        return Reading(ids=tuple(ids[:limit]), unknown=tuple(dict.fromkeys(unknown)))
