"""The one way in which setup fails: a sentence, what was tried, and what a person can do about it."""

from collections.abc import Sequence


class SetupError(Exception):
    """Something needed could not be had. str() is ready to be printed: problem, attempts, remedy."""

    def __init__(
        self, problem: str, *, tried: Sequence[str] = (), output: str = "", remedy: str = ""
    ) -> None:
        self.problem = problem
        self.remedy = remedy
        parts = [problem]
        parts += [f"  tried: {attempt}" for attempt in tried]
        parts += [f"  said:  {line}" for line in output.strip().splitlines()]
        if remedy:
            parts.append(f"  to do: {remedy}")
        super().__init__("\n".join(parts))
