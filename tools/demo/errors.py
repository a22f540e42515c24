"""The one error of this package."""


class DemoError(Exception):
    """The story cannot be told; the text says why, and what to do about it."""
