"""The main job on a real cluster, told as a story: install, scale, fail over, look.

    python3 -m tools.demo            # what `make demo` runs
    from tools.demo import Options, Story

Every figure comes from the load generator's own line for each request, or from what the API server says.
"""

from tools.demo.options import Options
from tools.demo.story import Story

__all__ = ["Options", "Story"]
