"""The one error of this package."""


class ClusterError(Exception):
    """Something about a cluster went wrong; the text says what, and what to do about it."""
