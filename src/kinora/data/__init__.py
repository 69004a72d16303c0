"""Films to learn from. In: the simulated world or own videos. Out: captioned, bucketed shards."""
