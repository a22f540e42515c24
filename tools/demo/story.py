"""The story, step by step. Each step ends in figures and in a verdict."""

import json
import math
import pathlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tools.demo import installation, look, manifests
from tools.demo.console import Check, Console, Step
from tools.demo.faults import FAULTS
from tools.demo.history import History
from tools.demo.load import Load
from tools.demo.options import Options
from tools.demo.policies import violations
from tools.demo.requests import Failures, RequestLog, failures, met_again, percentile
from tools.paths import REPOSITORY

if TYPE_CHECKING:
    from tools.cluster import Cluster

_JUDGED_SECONDS = 10.0  # the end of a phase, when everything should have settled
_LINE_SECONDS = 5.0
_TICK_SECONDS = 5.0  # how often the operator looks, by its chart's default
_LOG_LAG_SECONDS = 1.5  # a request is in the log so long after it ended, at most
_SPARE_SECONDS = 30.0  # of load beyond the plan, for what the steps take themselves; the end cuts it off
_ENOUGH_LOAD = 0.9  # share of the planned requests below which a figure would say nothing


class Story:
    """Tells the story on a running cluster. `folder` receives the log of requests."""

    def __init__(
        self,
        cluster: "Cluster",
        options: Options,
        folder: pathlib.Path | None = None,
        console: Console | None = None,
    ) -> None:
        self.cluster = cluster
        self.options = options
        self.console = console or Console()
        self._folder = folder or REPOSITORY / "build" / "demo" / cluster.name
        self._primary = options.deployment(options.primary)
        self._standby = options.deployment(options.standby)
        declared = manifests.of_kind(manifests.shop(options, "any"), "LoadBalancedService")
        self._declared: dict[str, Any] = declared["spec"]
        self._scaling: dict[str, Any] = self._declared["scaling"]
        self._target = float(self._scaling["metrics"][0]["target"]["value"])
        self._requests: RequestLog
        self._history: History
        self._begin = 0.0  # when the first request began; seconds since the epoch

    def install(self) -> None:
        """The first half of step 1: operator and shop, up to the first page through the gateway."""
        self.console.title("1. Install")
        installation.install_operator(self.cluster, self.options, self.console.say)
        self.install_shop()

    def install_shop(self) -> None:
        """Only the shop, where the operator is there already."""
        installation.install_shop(self.cluster, self.options, self.console.say)
        down = self._scaling["behavior"]["scaleDown"]["stabilizationWindowSeconds"]
        back = self._declared["failover"]["failback"]["afterSeconds"]
        self.console.say(
            f"the manifest sets short windows on purpose, so that one can watch: {down} s before replicas fall "
            f"(by default 300 s), {back} s before traffic comes back (60 s)"
        )

    def run(self, after_first: Callable[[], None] | None = None) -> list[Step]:
        """Lets requests flow and tells the rest. `after_first` is called between steps 1 and 2."""
        o = self.options
        rest = o.evening_seconds + o.outage_seconds + o.return_seconds + _SPARE_SECONDS
        stages = [(o.calm, o.calm_seconds), (o.peak, o.peak_seconds), (o.evening, rest)]
        route = self._route()
        steps = []
        with History(self.cluster, o.namespace) as self._history:
            with Load(self.cluster.gateway_url, stages, self._folder) as load:
                self._requests = RequestLog(load.log)
                load.wait_for_first()
                self._requests.read()
                self._begin = self._requests.started()
                self.console.say(f"requests flow; each is a line in {load.log}")
                steps.append(self._calm())
                if after_first:
                    after_first()
                steps.append(self._scale())
                steps.append(self._fail_over(route))
            steps.append(self._look())
        return steps

    # --- step 1

    def _calm(self) -> Step:
        end = self._begin + self.options.calm_seconds
        self._follow_until(end)
        requests = self._requests.between(self._begin, end)
        step = Step("Step 1, install", [self._flowing(self._begin, end, self.options.calm)])
        failed = failures(requests).count
        step.checks.append(Check("failed requests", f"{failed} of {len(requests)}", "0", failed == 0))
        step.summary = f"{failed} of {len(requests)} requests failed"
        self.console.result(step)
        return step

    # --- step 2

    def _scale(self) -> Step:
        o = self.options
        self.console.title(f"2. Scale: {o.calm:g} -> {o.peak:g} -> {o.evening:g} requests/s")
        rise = self._begin + o.calm_seconds
        fall = rise + o.peak_seconds
        end = fall + o.evening_seconds
        self._follow_until(end)
        worst = percentile(self._requests.between(rise, fall), 95)
        met = met_again(self._requests, rise, fall, o.objective_ms)
        again = "not met again" if met is None else f"met again {met:.0f} s after the rise"
        step = Step("Step 2, scale", [self._flowing(rise + 2, fall, o.peak)])
        step.checks.append(self._follows("replicas at the peak", o.peak, rise, fall))
        step.checks.append(
            Check(
                "latency (95 %)",
                f"{worst:.0f} ms over the peak, {again}",
                f"below {o.objective_ms:g} ms in the peak's last {_JUDGED_SECONDS:.0f} s",
                met is not None and met <= o.peak_seconds - _JUDGED_SECONDS,
            )
        )
        step.checks.append(self._follows("replicas after the fall", o.evening, fall, end))
        step.checks.append(self._stabilised(fall, end))
        broken = violations(
            [s for s in self._history.sizes(self._primary) if s.time <= end], self._scaling["behavior"]
        )
        step.checks.append(
            Check("steps outside the declared policies", "; ".join(broken) or "none", "none", not broken)
        )
        failed = failures(self._requests.between(rise, end)).count
        step.checks.append(Check("failed requests", str(failed), "0", failed == 0))
        counts = " -> ".join(str(self._history.size_at(self._primary, t).replicas) for t in (rise, fall, end))
        step.summary = f"replicas {counts}; the latency objective was {again}"
        self.console.result(step)
        return step

    def _wanted(self, rate: float) -> tuple[int, int]:
        """Fewest and most replicas that fit a rate: the target, give or take the tolerance of a tenth."""
        least, most = self._scaling["minReplicas"], self._scaling["maxReplicas"]
        low, high = (math.ceil(rate * share / self._target) for share in (0.9, 1.1))
        return min(max(low, least), most), min(max(high, least), most)

    def _follows(self, what: str, rate: float, begin: float, end: float) -> Check:
        low, high = self._wanted(rate)
        before = self._history.size_at(self._primary, begin).replicas
        now = self._history.size_at(self._primary, end)
        figure = f"{before} -> {now.replicas}, {now.ready} ready, for {rate:g} requests/s"
        expected = f"{low if low == high else f'{low} to {high}'}, at {self._target:g} each"
        return Check(what, figure, expected, low <= now.replicas <= high and now.ready == now.replicas)

    def _stabilised(self, fall: float, end: float) -> Check:
        window = self._scaling["behavior"]["scaleDown"]["stabilizationWindowSeconds"]
        peak = self._history.size_at(self._primary, fall).replicas
        falls = [
            s.time - fall
            for s in self._history.sizes(self._primary)
            if fall < s.time <= end and s.replicas < peak
        ]
        # The window runs from the last look that found them needed, up to a tick before the load fell.
        earliest = window - _TICK_SECONDS
        figure = f"{falls[0]:.0f} s after the load fell" if falls else "none"
        is_met = falls[0] >= earliest if falls else self._wanted(self.options.evening)[1] >= peak
        return Check(
            "first fall of the replicas",
            figure,
            f"{earliest:g} s or later, with a window of {window} s",
            is_met,
        )

    # --- step 3

    def _fail_over(self, route: dict[str, Any]) -> Step:
        o = self.options
        self.console.title(f"3. Fail over: {o.primary} loses every ready endpoint ({o.fault})")
        size = self._history.size(self._primary).replicas
        lost = time.time()
        FAULTS[o.fault](self.cluster, o, o.primary, False)
        self._follow_until(lost + o.outage_seconds)
        ready = self._ready_endpoints(self._primary)
        returned = time.time()
        weights = self._history.weights(o.app)
        FAULTS[o.fault](self.cluster, o, o.primary, True)
        self.console.say(f"{o.primary} may come back")
        end = returned + o.return_seconds
        self._follow_until(end)
        step = Step("Step 3, fail over", [self._flowing(lost, end, o.evening)])
        step.checks.append(
            Check(f"ready endpoints of {o.primary} at the end of the outage", str(ready), "0", ready == 0)
        )
        step.checks += self._taken_over(lost, returned, size)
        step.checks.append(self._carried_by(o.standby, "weights meanwhile", weights))
        step.checks += self._given_back(returned, end)
        step.checks.append(self._carried_by(o.primary, "weights at the end", self._history.weights(o.app)))
        step.checks.append(_only_weights(route, self._route(), {self._primary, self._standby}))
        first = _outage(failures(self._requests.between(lost - 1, returned)))
        back = failures(self._requests.between(returned, end)).count
        step.summary = f"failed requests: {first}; {back} when {o.primary} came back"
        self.console.result(step)
        return step

    def _taken_over(self, lost: float, returned: float, size: int) -> list[Check]:
        o = self.options
        failed = failures(self._requests.between(lost - 1, returned))
        grown = [
            s.time - lost
            for s in self._history.sizes(self._standby)
            if lost < s.time <= returned and s.ready >= size
        ]
        before = self._history.size_at(self._standby, lost).replicas
        after = self._history.size_at(self._standby, returned).replicas
        growth = f"{before} -> {after}" + (f", {size} ready after {grown[0]:.1f} s" if grown else "")
        p95 = percentile(self._requests.between(returned - _JUDGED_SECONDS, returned - _LOG_LAG_SECONDS), 95)
        return [
            Check(
                "failed requests when it was lost",
                _outage(failed),
                f"for at most {o.takeover_seconds:g} s",
                failed.seconds <= o.takeover_seconds,
            ),
            Check(f"{o.standby} grows", growth, f"at least {size} ready", before >= size or bool(grown)),
            Check(
                "latency (95 %) once it has grown",
                f"{p95:.0f} ms",
                f"below {o.objective_ms:g} ms",
                p95 <= o.objective_ms,
            ),
        ]

    def _given_back(self, returned: float, end: float) -> list[Check]:
        o = self.options
        failed = failures(self._requests.between(returned, end))
        served = self._requests.served_between(end - 5, end)
        share = sum(answer.colour == o.primary for answer in served) / max(1, len(served))
        return [
            Check("failed requests when it came back", _outage(failed), "0", failed.count == 0),
            Check(f"served by {o.primary} in the last 5 s", f"{share:.0%}", "100%", share == 1),
        ]

    def _carried_by(self, backend: str, what: str, weights: dict[str, int]) -> Check:
        services = {self._primary, self._standby}
        carrying = {service for service in services if weights.get(service, 0) > 0}
        wanted = self.options.deployment(backend)
        return Check(what, _weights(weights), f"all to {wanted}", carrying == {wanted})

    def _ready_endpoints(self, service: str) -> int:
        answer = self.cluster.kubectl(
            "get",
            "endpointslices",
            "-n",
            self.options.namespace,
            "-o",
            "json",
            "-l",
            f"kubernetes.io/service-name={service}",
        )
        slices = json.loads(answer)["items"]
        return sum(
            endpoint["conditions"].get("ready", True)
            for item in slices
            for endpoint in item.get("endpoints") or []
        )

    def _route(self) -> dict[str, Any]:
        return json.loads(
            self.cluster.kubectl(
                "get", "httproute", self.options.app, "-n", self.options.namespace, "-o", "json"
            )
        )

    # --- step 4

    def _look(self) -> Step:
        self.console.title("4. Look")
        step = Step("Step 4, look", look.look(self.cluster, self.options, self.console))
        self.console.result(step)
        return step

    # --- common

    def _flowing(self, begin: float, end: float, rate: float) -> Check:
        seconds = end - begin
        count = len(self._requests.between(begin, end))
        unsent = f", {self._requests.unsent} not sent" if self._requests.unsent else ""
        return Check(
            "requests",
            f"{count} in {seconds:.0f} s, {count / seconds:.1f}/s{unsent}",
            f"{rate:g}/s",
            count >= rate * seconds * _ENOUGH_LOAD,
        )

    def _follow_until(self, moment: float) -> None:
        """Prints a line now and then until the log holds what began before that moment."""
        shown = time.time()
        while (left := moment + _LOG_LAG_SECONDS - time.time()) > 0:
            time.sleep(min(left, _LINE_SECONDS))
            self._requests.read()
            now = time.time() - _LOG_LAG_SECONDS
            recent = [r for r in self._requests.requests[-2000:] if shown - _LOG_LAG_SECONDS <= r.end < now]
            if time.time() - shown >= _LINE_SECONDS * 0.9:
                self.console.say(self._line(recent, time.time() - shown))
                shown = time.time()

    def _line(self, recent: list[Any], seconds: float) -> str:
        sizes = []
        for backend in (self.options.primary, self.options.standby):
            size = self._history.size(self.options.deployment(backend))
            sizes.append(f"{backend} {size.ready}/{size.replicas}")
        weights = _weights(self._history.weights(self.options.app))
        return (
            f"{len(recent) / seconds:6.1f} requests/s  95 %: {percentile(recent, 95):5.0f} ms  "
            f"failed: {failures(recent).count:4}  {'  '.join(sizes)}  {weights}"
        )


def _outage(failed: Failures) -> str:
    """How many, and for how long, counted from the first one that failed."""
    lasting = f", for {failed.seconds * 1000:.0f} ms from the first to the last"
    return f"{failed.count}" + (lasting if failed.count else "")


def _weights(weights: dict[str, int]) -> str:
    return ",".join(f"{name}={weight}" for name, weight in sorted(weights.items()))


def _only_weights(before: dict[str, Any], after: dict[str, Any], services: set[str]) -> Check:
    """Whether two states of a route differ in nothing but the weights of these Services."""
    parts = {
        "spec": [_without_weights(route["spec"], services) for route in (before, after)],
        "labels": [route["metadata"].get("labels") for route in (before, after)],
        "annotations": [route["metadata"].get("annotations") for route in (before, after)],
    }
    changed = [name for name, (old, new) in parts.items() if json.dumps(old) != json.dumps(new)]
    figure = f"changed: {', '.join(changed)}" if changed else "as it was"
    return Check("HTTPRoute, apart from our weights", figure, "as it was", not changed)


def _without_weights(spec: dict[str, Any], services: set[str]) -> dict[str, Any]:
    copy = json.loads(json.dumps(spec))
    for rule in copy["rules"]:
        for backend in rule["backendRefs"]:
            if backend["name"] in services:
                backend.pop("weight", None)
    return copy
