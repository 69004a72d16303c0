"""Measuring films. In: clips, truth, prompts. Out: numbers that a command prints."""
