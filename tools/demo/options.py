"""What can be told differently about the story."""

import dataclasses

from tools.demo.errors import DemoError
from tools.demo.faults import FAULTS


@dataclasses.dataclass(frozen=True)
class Options:
    """Names, loads and times of one telling. Rates are requests a second, times are seconds."""

    namespace: str = "store"
    app: str = "shop"  # name of the route and of the LoadBalancedService; first part of the other names
    primary: str = "blue"  # tier 0
    standby: str = "green"  # tier 1
    operator_namespace: str = "evenkeel-system"

    calm: float = 30  # what the shop is installed for
    peak: float = 90  # step 2: the load triples ...
    evening: float = 45  # ... and falls; step 3 happens under this one
    max_replicas: int = 8  # as the manifest declares it; raise it along with the loads

    calm_seconds: float = 15
    peak_seconds: float = 45
    evening_seconds: float = 50  # the fault comes at its end
    outage_seconds: float = 25
    return_seconds: float = 25

    fault: str = "switch"  # how the primary is lost, a name of faults.FAULTS
    objective_ms: float = 300  # 95 of 100 requests are to be quicker than this
    takeover_seconds: float = 2  # requests may fail for so long when the primary is lost

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise DemoError(f"fault is {self.fault!r}; name one of: {', '.join(sorted(FAULTS))}")
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type is float and value <= 0:
                raise DemoError(f"{field.name} is {value:g}; it has to be above 0")
        if self.peak_seconds < 20 or self.outage_seconds < 10 or self.return_seconds < 10:
            raise DemoError(
                "give peak_seconds at least 20, outage_seconds and return_seconds at least 10: "
                "the last 10 seconds of each are judged"
            )

    @property
    def seconds(self) -> float:
        """How long requests flow."""
        return (
            self.calm_seconds
            + self.peak_seconds
            + self.evening_seconds
            + self.outage_seconds
            + self.return_seconds
        )

    def deployment(self, backend: str) -> str:
        """Name of a backend's Deployment and Service."""
        return f"{self.app}-{backend}"
