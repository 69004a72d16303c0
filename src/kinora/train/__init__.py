"""Learning. In: a task (networks, batches, a loss) and a run. Out: checkpoints, a log, samples."""
