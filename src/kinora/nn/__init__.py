"""Layers that the networks share. In and out: tensors; nothing here knows what a film is."""
