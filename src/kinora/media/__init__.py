"""Clip <-> bytes. In: frames or files. Out: files or frames, and the sidecar beside them."""
