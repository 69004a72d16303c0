"""Poses in, pictures out: a ray caster for a handful of rounded things under an open sky."""
