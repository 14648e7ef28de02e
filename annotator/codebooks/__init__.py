"""Codebook files: the built-in one, their format, versions compared, and the wheel."""
