"""Short wishes and stories. In: a sentence. Out: a director's paragraph, shots, what is unknown."""
