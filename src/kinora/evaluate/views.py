"""View agreement. In: what was seen of one moment from several sides. Out: how far the views agree."""

from collections import Counter
from collections.abc import Sequence

from kinora.caption.facts import Seen
from kinora.evaluate.identity import traits


def view_agreement(views: Sequence[Seen]) -> float:
    """Mean over later views of what they share with the first one, 0..1.

    Ground and light are worth as much as a thing each; a thing that only one of two views shows counts
    against them, whichever it is.
    """
    if len(views) < 2:
        return 1.0
    first = _facts(views[0])
    shares = []
    for view in views[1:]:
        facts = _facts(view)
        shares.append((first & facts).total() / (first | facts).total())
    return sum(shares) / len(shares)


def _facts(seen: Seen) -> Counter[tuple[str, ...]]:
    things = Counter(traits(thing) for thing in seen.things)
    return things + Counter([("ground", seen.ground), ("light", seen.light)])
