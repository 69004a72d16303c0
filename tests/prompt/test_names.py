"""Names are found as whole words, and heard as what they stand for."""

from kinora.prompt.names import mentioned, spoken


def test_whole_words_in_order_of_appearance_whatever_their_capitals() -> None:
    names = ("Mia", "Tim", "Zoë")
    assert mentioned("zoë waves; a miaow; MIA and Mia-like", names) == ("Zoë", "Mia")
    assert mentioned("nobody", names) == mentioned("mia", ()) == ()


def test_the_longer_of_two_names_is_meant() -> None:
    assert mentioned("Red Momo hops", ("Red", "Red Momo")) == ("Red Momo",)


def test_names_are_heard_as_words_and_those_without_stay() -> None:
    heard = spoken("Mia meets tim. mia's hat (C++)", {"Mia": "small momo", "Tim": "", "C++": "x"})
    assert heard == "the small momo meets tim. the small momo's hat (the x)"


def test_what_is_put_in_is_not_read_again() -> None:
    assert spoken("Mia and Tim", {"Mia": "Tim", "Tim": "Mia"}) == "the Tim and the Mia"
