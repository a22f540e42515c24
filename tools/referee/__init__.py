"""The upstream HorizontalPodAutoscaler controller as referee of our replica arithmetic, built from its pinned module."""

from tools.referee.program import Programs, programs

__all__ = ["Programs", "programs"]
