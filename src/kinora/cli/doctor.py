"""`kinora doctor`."""


def doctor() -> None:
    """Check this machine and say how to put right what is missing."""
    raise NotImplementedError
