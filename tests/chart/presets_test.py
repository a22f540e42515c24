"""What the chart's presets make of Envoy's counters, by promtool."""

import json
import pathlib
import subprocess
import tempfile
import unittest
from typing import Any

from tests.support.chart import CHART, objects, operator_config
from tools.setup import ensure

Labels = dict[str, str]


def series(name: str, cluster: str, values: str, **labels: str) -> dict[str, str]:
    """One series of the gateway as promtool takes it: a value every second."""
    labels = {"envoy_cluster_name": cluster, **labels}
    text = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"envoy_cluster_upstream_{name}{{{text}}}", "values": values}


def blue(value: float) -> dict[str, Any]:
    return {"labels": '{namespace="store", service="shop-blue"}', "value": value}


def latency(cluster: str, below_100: str, below_250: str) -> list[dict[str, str]]:
    buckets = (("100", below_100), ("250", below_250), ("+Inf", below_250))
    return [series("rq_time_bucket", cluster, values, le=le) for le, values in buckets]


# (what is shown, preset, series, samples that are expected after 20 s)
CASES: list[tuple[str, str, list[dict[str, str]], list[dict[str, Any]]]] = [
    (
        "requests are counted by namespace and service",
        "RequestsPerSecond",
        [
            series("rq_total", "store_shop-blue_80", "0+5x20"),
            series("rq_total", "other_shop-blue_http", "0+7x20"),
        ],
        [{"labels": '{namespace="other", service="shop-blue"}', "value": 7}, blue(5)],
    ),
    (
        "several gateways and ports of one Service are added up",
        "RequestsPerSecond",
        [
            series("rq_total", "store_shop-blue_80", "0+5x20", instance="a"),
            series("rq_total", "store_shop-blue_80", "0+2x20", instance="b"),
            series("rq_total", "store_shop-blue_81", "0+1x20", instance="b"),
        ],
        [blue(8)],
    ),
    (
        "what the gateway answers itself is demand",
        "RequestsPerSecond",
        [
            series("rq_total", "store_shop-blue_80", "0+1x20"),
            series("cx_none_healthy", "store_shop-blue_80", "0+2x20"),
            series("rq_pending_failure_eject", "store_shop-blue_80", "0+3x20"),
            series("rq_pending_overflow", "store_shop-blue_80", "0+4x20"),
        ],
        [blue(10)],
    ),
    (
        "a dead backend's demand stands by itself",
        "RequestsPerSecond",
        [
            series("rq_total", "store_shop-blue_80", "9x20"),
            series("cx_none_healthy", "store_shop-blue_80", "0+6x20"),
        ],
        [blue(6)],
    ),
    (
        "labels of the scrape give way to those of the cluster",
        "RequestsPerSecond",
        [
            series("rq_total", "store_shop-blue_80", "0+5x20", namespace="projectcontour", service="envoy"),
        ],
        [blue(5)],
    ),
    (
        "an idle service reads 0",
        "RequestsPerSecond",
        [series("rq_total", "store_shop-blue_80", "9x20")],
        [blue(0)],
    ),
    (
        "clusters that are no Services are left out",
        "RequestsPerSecond",
        [
            series("rq_total", "contour", "0+5x20"),
            series("rq_total", "service-stats", "0+5x20"),
        ],
        [],
    ),
    (
        "a gateway that is gone reads as nothing",
        "RequestsPerSecond",
        [
            series("rq_total", "store_shop-blue_80", "0+5x9 stale"),
        ],
        [],
    ),
    (
        "latency is in seconds",
        "LatencyP99",
        latency("store_shop-blue_80", "0x20", "0+100x20"),
        [blue(0.2485)],
    ),
    (
        "half of the requests are quicker than the median",
        "LatencyP50",
        latency("store_shop-blue_80", "0+50x20", "0+100x20"),
        [blue(0.1)],
    ),
    (
        "nine of ten requests are quicker than P90",
        "LatencyP90",
        latency("store_shop-blue_80", "0+90x20", "0+100x20"),
        [blue(0.1)],
    ),
    (
        "errors are a part of all responses",
        "ErrorRatio",
        [
            series("rq_xx", "store_shop-blue_80", "0+6x20", envoy_response_code_class="2"),
            series("rq_xx", "store_shop-blue_80", "0+2x20", envoy_response_code_class="5"),
            series("rq_xx", "store_shop-green_80", "0+5x20", envoy_response_code_class="2"),
        ],
        [blue(0.25), {"labels": '{namespace="store", service="shop-green"}', "value": 0}],
    ),
    (
        "no response, no ratio and no error",
        "ErrorRatio",
        [series("rq_xx", "store_shop-blue_80", "9x20", envoy_response_code_class="2")],
        [],
    ),
    (
        "requests under way are averaged",
        "ActiveConnections",
        [
            series("rq_active", "store_shop-blue_80", "4x20", instance="a"),
            series("rq_active", "store_shop-blue_80", "2x20", instance="b"),
        ],
        [blue(6)],
    ),
    (
        "what the gateway answers itself was not sent",
        "ObservedRequests",
        [
            series("rq_total", "store_shop-blue_80", "0+1x20"),
            series("cx_none_healthy", "store_shop-blue_80", "0+2x20"),
        ],
        [blue(1)],
    ),
    (
        "no request, no percentile and no error",
        "LatencyP99",
        latency("store_shop-blue_80", "5x20", "9x20"),
        [],
    ),
]


class PresetsTest(unittest.TestCase):
    presets = operator_config(objects(CHART / "ci" / "demo-values.yaml"))["presets"]

    def _promtool(self, input_series: list[dict[str, str]], query: str, samples: list[dict[str, Any]]) -> str:
        """Empty if `query` gives `samples` at 20 s, else what promtool says."""
        test = {
            "rule_files": [],
            "evaluation_interval": "1s",
            "tests": [
                {
                    "interval": "1s",
                    "input_series": input_series,
                    "promql_expr_test": [{"expr": query, "eval_time": "20s", "exp_samples": samples}],
                }
            ],
        }
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "test.yaml"
            path.write_text(json.dumps(test), encoding="utf-8")
            command = [str(ensure("promtool")["promtool"]), "test", "rules", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def test_queries(self) -> None:
        for name, preset, input_series, samples in CASES:
            with self.subTest(name):
                self.assertEqual("", self._promtool(input_series, self.presets[preset]["query"], samples))

    def test_a_wrong_expectation_is_noticed(self) -> None:
        name, preset, input_series, _ = CASES[0]
        self.assertNotEqual("", self._promtool(input_series, self.presets[preset]["query"], [blue(4)]), name)

    def test_times_are_those_of_the_newest_sample(self) -> None:
        for preset, counter in (
            ("RequestsPerSecond", "rq_total"),
            ("LatencyP50", "rq_time_count"),
            ("LatencyP90", "rq_time_count"),
            ("LatencyP99", "rq_time_count"),
            ("ErrorRatio", "rq_xx"),
            ("ActiveConnections", "rq_active"),
            ("ObservedRequests", "rq_total"),
        ):
            query = self.presets[preset]["timestampQuery"]
            for values, samples in (
                ("0+5x20", [blue(20)]),
                ("0+5x15 stale", [blue(15)]),
                ("0+5x5 stale", []),
            ):
                with self.subTest(f"{preset} {values}"):
                    found = self._promtool([series(counter, "store_shop-blue_80", values)], query, samples)
                    self.assertEqual("", found)


if __name__ == "__main__":
    unittest.main()
