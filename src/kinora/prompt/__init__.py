"""Short wishes and stories. In: a sentence, a story. Out: a director's paragraph, timed shots, what is unknown."""
