"""Data in, trained networks out: the loop, its parts and one file per objective."""
