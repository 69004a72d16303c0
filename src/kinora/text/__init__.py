"""Words to text states. In: a prompt. Out: ids, then states `[l d]` that the transformer listens to."""
