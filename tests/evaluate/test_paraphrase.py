from kinora.evaluate.ledger import understood
from kinora.evaluate.paraphrase import in_other_words
from kinora.evaluate.promise import promises
from kinora.prompt.vocabulary import load_vocabulary


def test_other_words_promise_the_same_and_are_not_the_same() -> None:
    words = load_vocabulary()
    for promise in promises()[:30]:
        other = in_other_words(promise)
        assert other.prompt != promise.prompt
        first, second = (understood(p.prompt, words) for p in (promise, other))
        assert first.things == second.things, other.prompt
        assert (first.ground, first.light) == (second.ground, second.light)
        assert first.direction == second.direction
        assert " a orange" not in other.prompt and " a a" not in other.prompt
