"""What our own code refuses to do; free of Django, so that anything may raise it."""


class RefusedError(ValueError):
    """Something asked for cannot be done; the message says why, for people. Nothing was changed."""
