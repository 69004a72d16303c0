"""What a wish says. In: a sentence. Out: things, what they do, ground, light, camera; and the facts told again.

Things are told apart by their adjectives; a pronoun or a repeated noun means the thing said before.
"""

import re
from dataclasses import dataclass, field, replace

from kinora.prompt.vocabulary import Vocabulary, split

COUNTS = {"two": 2, "three": 3, "four": 4}
BREAKS = frozenset({".", ",", ";", "then", "while"})


@dataclass(frozen=True)
class Thing:
    """A thing and what is said of it; an empty word is one that was not said."""

    kind: str
    colour: str = ""
    size: str = ""
    finish: str = ""
    hat: str = ""

    def fits(self, other: "Thing") -> bool:
        """Whether nothing said of `other` speaks against this being the same thing."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return all(mine == its or not its for mine, its in pairs)


@dataclass(frozen=True)
class Deed:
    """`actor` does something, perhaps to `target`: numbers of things, words between and behind."""

    actor: int
    verb: str
    link: str = ""
    target: int | None = None
    tail: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that a wish says."""

    things: tuple[Thing, ...] = ()
    deeds: tuple[Deed, ...] = ()
    ground: str = ""
    light: str = ""
    move: str = ""


@dataclass
class _Reader:
    """Walks over the words of a wish; what it has read so far."""

    words: Vocabulary
    things: list[Thing] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    ground: str = ""
    light: str = ""
    subject: int | None = None
    adjectives: dict[str, str] = field(default_factory=dict)
    count: int = 1
    definite: bool = False
    open: bool = False

    def read(self, token: str) -> None:
        word = self.words.meaning(token) or token
        if token in BREAKS:
            self.open = False
        elif token in ("it", "he", "she", "they") and self.things:
            self.subject = 0 if self.subject is None else self.subject
        elif word in self.words.kinds:
            self._thing(word)
        elif token == "hat":
            self._hat()
        elif not self._adjective(word):
            self._other(token, word)

    def _adjective(self, word: str) -> bool:
        for name in ("colour", "size", "finish"):
            if word in getattr(self.words, f"{name}s" if name != "finish" else "finishes"):
                self.adjectives[name] = word
                return True
        return False

    def _thing(self, kind: str) -> None:
        said = Thing(kind, **self.adjectives)
        known = [i for i, thing in enumerate(self.things) if thing.fits(said)]
        if known and (self.definite or not self.adjectives):
            number = known[0]
        else:
            self.things += [said] * self.count
            number = len(self.things) - 1
        if self.open and self.deeds[-1].target is None and self.deeds[-1].actor != number:
            self.deeds[-1] = replace(self.deeds[-1], target=number)
        else:
            self.subject, self.open = number, False
        self.adjectives, self.count, self.definite = {}, 1, False

    def _hat(self) -> None:
        if self.things and self.adjectives.get("colour"):
            self.things[-1] = replace(self.things[-1], hat=self.adjectives["colour"])
        self.adjectives = {}

    def _other(self, token: str, word: str) -> None:
        if token in COUNTS:
            self.count = COUNTS[token]
        elif word in self.words.grounds:
            self.ground, self.open = word, False
            self.adjectives = {}
        elif word in self.words.lights:
            self.light, self.open = word, False
        elif word in self.words.verbs and not (self.open and word in self.words.links):
            if self.things:
                self.deeds.append(Deed(self.subject or 0, word))
                self.open = True
        elif self.open and word in self.words.links and word not in ("the", "at"):
            deed = self.deeds[-1]
            if deed.target is None:
                self.deeds[-1] = replace(deed, link=f"{deed.link} {word}".strip())
            else:
                self.deeds[-1] = replace(deed, tail=f"{deed.tail} {word}".strip())
        self.definite = token == "the" or (self.definite and token not in ("a", "an"))


def understand(text: str, words: Vocabulary, *, before: Facts | None = None) -> Facts:
    """The facts of a wish; `before` is what earlier sentences said."""
    reader = _Reader(words)
    if before is not None:
        reader.things, reader.ground, reader.light = (
            list(before.things),
            before.ground,
            before.light,
        )
        reader.subject = before.deeds[-1].actor if before.deeds else None
    move, spoken = _camera(text, words)
    for token in spoken:
        reader.read(token)
    deeds = tuple(_tidy(deed) for deed in reader.deeds)
    return Facts(tuple(reader.things), deeds, reader.ground, reader.light, move)


def _camera(text: str, words: Vocabulary) -> tuple[str, list[str]]:
    """The camera's move, and the words of all clauses that are not about the camera."""
    move, kept, clause = "", [], []
    for token in [*split(text), "."]:
        clause.append(token)
        if token not in (".", ",", ";"):
            continue
        if "camera" in clause or clause[0] in {name.split()[0] for name in words.moves}:
            move = _move(clause, words) or move
        else:
            kept += clause
        clause = []
    return move, kept


def _move(clause: list[str], words: Vocabulary) -> str:
    spoken = " ".join(clause)
    for name in words.moves:
        verb, _, side = name.partition(" ")
        stem = verb.rstrip("y") if verb == "dolly" else verb
        if stem in spoken and (not side or side in clause):
            return name
    return ""


def _tidy(deed: Deed) -> Deed:
    """Without prepositions that were left hanging before a ground or a light."""

    def trim(words: str) -> str:
        parts = words.split()
        while parts and parts[-1] in (
            "on",
            "in",
            "from",
            "of",
            "and",
            "to",
            "over",
            "into",
            "onto",
        ):
            parts.pop()
        return " ".join(parts)

    link = deed.link if deed.target is not None else trim(deed.link)
    return replace(deed, link=_sided(link), tail=_sided(trim(deed.tail)))


def _sided(words: str) -> str:
    """`to left` as `to the left`: articles are not kept, this one is always there."""
    return re.sub(r"\b(to|from) (left|right|top)\b", r"\1 the \2", words)


def article(phrase: str) -> str:
    """The phrase after `a` or `an`."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def listed(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def name(thing: Thing) -> str:
    """All that is said of a thing: `small matte red ball`."""
    words = [thing.size, thing.finish, thing.colour, thing.kind]
    phrase = " ".join(word for word in words if word)
    return f"{phrase} with {article(thing.hat)} hat" if thing.hat else phrase


def short(thing: Thing) -> str:
    """The thing when it is mentioned again: `the red ball`."""
    return " ".join(word for word in ("the", thing.colour, thing.kind) if word)


def tell(facts: Facts, words: Vocabulary) -> str:
    """The director's paragraph: who is where, what happens, the light, the camera."""
    ground = f"on {facts.ground}" if facts.ground else ""
    parts = []
    if facts.things:
        verb = "is" if len(facts.things) == 1 else "are"
        parts.append(f"{ground} there {verb} {listed([article(name(t)) for t in facts.things])}")
    elif ground:
        parts.append(ground)
    parts += [_clause(deed, facts, words) for deed in facts.deeds]
    if facts.light:
        parts.append(f"it is {facts.light}")
    if facts.move:
        parts.append(words.moves[facts.move])
    return " ".join(f"{part.strip()}." for part in parts)


def _clause(deed: Deed, facts: Facts, words: Vocabulary) -> str:
    target = "" if deed.target is None else short(facts.things[deed.target])
    link = deed.link or ("" if target else words.verbs[deed.verb])
    pieces = (short(facts.things[deed.actor]), deed.verb, link, target, deed.tail)
    return " ".join(piece for piece in pieces if piece)
