"""Our own models: what they do, and how they lie on disk."""
