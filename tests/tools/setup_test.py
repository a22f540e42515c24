"""Setup: what is rebuilt when, what a failure leaves behind, and what a person reads then.

A stand-in for Go answers `go build`, so that the real recipes, cache and command line run within seconds.
"""

import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from unittest import mock

from tools.paths import REPOSITORY
from tools.setup import SetupError, apt, build, catalogue, command, toolchain, wheel
from tools.setup.progress import Progress, duration
from tools.setup.store import Store

# Writes one file for each package named after -o, as `go build` does, and remembers that it was called.
STAND_IN = r"""#!/bin/sh
set -e
echo "$$" >> "$CALLS"
while [ "$1" != -o ]; do shift; done
output=$2; shift 2
packages=$*
write() { for package in $packages; do echo "$1" > "$output$(basename "${package%/v[0-9]}")"; done; }
case "$BEHAVIOUR" in
  broken) echo "main.go:7: undefined: frobnicate"; exit 1 ;;
  offline) echo "dial tcp: lookup modules.example: no such host"; exit 1 ;;
  slow) write half; echo started > "$STARTED"; read forever < "$GATE" ;;
esac
write whole
"""
DEADLINE = 20.0


class CommandLineTest(unittest.TestCase):
    """The command line with the stand-in first on PATH and a cache of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.cache = self.root / "cache"
        self.calls = self.root / "calls"
        self.started = self.root / "started"
        self.gate = self.root / "gate"
        os.mkfifo(self.gate)
        go = self.root / "go" / "bin" / "go"
        go.parent.mkdir(parents=True)
        go.write_text(STAND_IN, encoding="utf-8")
        go.chmod(0o755)
        self.say_version("go1.26.1")

    def say_version(self, version: str) -> None:
        (self.root / "go" / "VERSION").write_text(f"{version}\ntime 2026\n", encoding="utf-8")

    def start(self, *arguments: str, behaviour: str = "well") -> subprocess.Popen[str]:
        environment = os.environ | {
            "PATH": f"{self.root / 'go' / 'bin'}:/usr/bin:/bin",
            "EVENKEEL_CACHE_DIR": str(self.cache),
            "CALLS": str(self.calls),
            "STARTED": str(self.started),
            "GATE": str(self.gate),
            "BEHAVIOUR": behaviour,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "tools.setup", *arguments],
            cwd=REPOSITORY,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run_setup(self, *arguments: str, behaviour: str = "well") -> tuple[int, str, str]:
        process = self.start(*arguments, behaviour=behaviour)
        out, err = process.communicate(timeout=DEADLINE)
        return process.returncode, out, err

    def builds(self) -> int:
        return len(self.calls.read_text(encoding="utf-8").splitlines()) if self.calls.exists() else 0

    def artefacts(self) -> list[str]:
        """What is in the cache of tools under any name, finished or half."""
        tools = self.cache / "tools"
        return (
            sorted(path.name for path in tools.iterdir() if path.name != ".locks") if tools.exists() else []
        )

    def wait_until(self, what: str, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited in vain: {what}")
            time.sleep(0.01)

    def test_a_second_run_finds_everything_and_calls_no_compiler(self) -> None:
        self.assertEqual(self.run_setup("--tool", "etcd", "--tool", "kubectl")[0], 0)
        self.assertEqual(self.builds(), 2)
        status, out, err = self.run_setup("--tool", "etcd", "--tool", "kubectl")
        self.assertEqual((status, err, self.builds()), (0, "", 2))
        self.assertIn(f"{self.cache}/tools/etcd-", out)

    def test_commands_of_one_module_come_from_one_build(self) -> None:
        self.run_setup("--tool", "kubectl", "--tool", "kubelet", "--tool", "kube-apiserver")
        self.assertEqual(self.builds(), 1)

    def test_another_go_builds_again(self) -> None:
        self.run_setup("--tool", "etcd")
        self.say_version("go1.27.0")
        self.run_setup("--tool", "etcd")
        self.assertEqual(self.builds(), 2)

    def test_a_file_that_went_missing_is_made_again(self) -> None:
        self.run_setup("--tool", "kubectl")
        next(self.cache.glob("tools/kubernetes-*/kubelet")).unlink()
        status, _, _ = self.run_setup("--tool", "kubectl")
        self.assertEqual((status, self.builds()), (0, 2))
        self.assertTrue(next(self.cache.glob("tools/kubernetes-*/kubelet")).exists())

    def test_a_path_is_printed_only_for_what_is_ready(self) -> None:
        status, out, err = self.run_setup("--print-path", "etcd")
        self.assertEqual((status, out, self.builds()), (1, "", 0))
        self.assertIn("tools.setup --tool etcd", err)
        self.run_setup("--tool", "etcd")
        status, out, _ = self.run_setup("--print-path", "etcd")
        self.assertEqual(status, 0)
        self.assertTrue(pathlib.Path(out.strip()).is_file())

    def test_a_failed_build_leaves_nothing_and_shows_the_compilers_words(self) -> None:
        status, _, err = self.run_setup("--tool", "etcd", behaviour="broken")
        self.assertEqual((status, self.artefacts()), (1, []))
        self.assertIn("cannot build etcd", err)
        self.assertIn("undefined: frobnicate", err)
        self.assertIn(str(self.cache / "log" / "etcd.log"), err)
        self.assertEqual(self.builds(), 1, "a compiler's error is not tried twice")

    def test_without_network_it_says_so_and_what_to_do(self) -> None:
        status, _, err = self.run_setup("--tool", "etcd", behaviour="offline")
        self.assertEqual((status, self.artefacts(), self.builds()), (1, [], 2))
        for words in ("2 times", "no such host", "restore it", "EVENKEEL_CACHE_DIR"):
            self.assertIn(words, err)

    def test_a_killed_run_leaves_no_compiler_and_the_next_one_starts_afresh(self) -> None:
        process = self.start("--tool", "etcd", behaviour="slow")
        self.wait_until("the build runs", self.started.exists)
        compiler = int(self.calls.read_text(encoding="utf-8"))
        process.kill()
        process.communicate(timeout=DEADLINE)
        self.wait_until("the compiler ends with us", lambda: not alive(compiler))
        status, out, _ = self.run_setup("--tool", "etcd")
        self.assertEqual(status, 0)
        self.assertEqual(len(self.artefacts()), 1, self.artefacts())
        self.assertEqual([path.name for path in self.cache.glob("tools/etcd-*/*")], ["etcd"])
        self.assertEqual(next(self.cache.glob("tools/etcd-*/etcd")).read_text(encoding="utf-8"), "whole\n")

    def test_an_interrupted_run_ends_its_compiler(self) -> None:
        for end in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(end.name):
                self.calls.unlink(missing_ok=True)
                self.started.unlink(missing_ok=True)
                process = self.start("--tool", "etcd", behaviour="slow")
                self.wait_until("the build runs", self.started.exists)
                process.send_signal(end)
                _, err = process.communicate(timeout=DEADLINE)
                self.assertEqual((process.returncode, self.artefacts()), (130, []))
                self.assertIn("what was finished is kept", err)
                self.assertFalse(alive(int(self.calls.read_text(encoding="utf-8"))))

    def test_two_at_once_build_once(self) -> None:
        first = self.start("--tool", "etcd", behaviour="slow")
        self.wait_until("the first one builds", self.started.exists)
        second = self.start("--tool", "etcd")
        self.wait_until("the second one is at work", lambda: waits_for_a_lock(second.pid))
        with open(self.gate, "w", encoding="utf-8") as gate:
            gate.write("\n")
        for process in (first, second):
            process.communicate(timeout=DEADLINE)
            self.assertEqual(process.returncode, 0)
        self.assertEqual(self.builds(), 1)

    def test_an_unknown_name_is_refused_with_the_known_ones(self) -> None:
        status, _, err = self.run_setup("--tool", "etcdd")
        self.assertEqual(status, 2)
        self.assertIn("kube-apiserver", err)


def alive(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def waits_for_a_lock(pid: int) -> bool:
    locks = pathlib.Path("/proc/locks").read_text(encoding="utf-8")
    return re.search(rf"-> FLOCK .* {pid} ", locks) is not None


class KeyTest(unittest.TestCase):
    """The key of an artefact changes with everything it is built from, and with nothing else."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.modules = pathlib.Path(folder.name)
        shutil.copytree(build.MODULES, self.modules, dirs_exist_ok=True)
        self.enterContext(mock.patch.object(build, "MODULES", self.modules))
        toolchain.choose.cache_clear()
        self.addCleanup(toolchain.choose.cache_clear)
        self.store = Store(self.modules)

    def key(self, name: str) -> str:
        known = (*catalogue.GO_TOOLS, *catalogue.WHEEL_TOOLS, *catalogue.MODULE_FILES)
        return build.artefact(next(tool for tool in known if tool.name == name), self.store).key

    def test_key_follows_the_files_it_is_built_from(self) -> None:
        for name, file in (
            ("etcd", "etcd/go.mod"),
            ("etcd", "etcd/go.sum"),
            ("coredns", "coredns/main.go"),
            ("prometheus", "prometheus/overlay/plugins/plugins.go"),
        ):
            with self.subTest(file):
                before = self.key(name)
                path = self.modules / file
                path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
                self.assertNotEqual(self.key(name), before)

    def test_key_ignores_the_other_tools(self) -> None:
        before = self.key("helm")
        (self.modules / "etcd" / "go.mod").write_text(
            "module x\n\nrequire go.etcd.io/etcd/server/v3 v3.6.5\n"
        )
        self.assertEqual(self.key("helm"), before)

    def test_files_of_a_module_depend_on_its_sum_alone(self) -> None:
        before = self.key("contour-files")
        sums = self.modules / "contour" / "go.sum"
        text = sums.read_text(encoding="utf-8")
        sums.write_text(text + "example.org/x v1.0.0 h1:x=\n", encoding="utf-8")
        self.assertEqual(self.key("contour-files"), before)
        sums.write_text(text.replace("contour v1.33.8 h1:", "contour v1.33.8 h1:A"), encoding="utf-8")
        self.assertNotEqual(self.key("contour-files"), before)

    def test_a_pin_that_is_not_there_names_the_file(self) -> None:
        (self.modules / "etcd" / "go.mod").write_text("module x\n", encoding="utf-8")
        with self.assertRaisesRegex(SetupError, "tools/modules/etcd/go.mod does not require go.etcd.io"):
            self.key("etcd")


class StoreTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.store = Store(self.root)

    def test_what_does_not_hold_its_files_is_not_kept(self) -> None:
        with self.assertRaisesRegex(SetupError, "did not produce tool"):
            self.store.make("a", "k" * 16, ("tool",), lambda folder: None)
        self.assertIsNone(self.store.find("a", "k" * 16))
        self.assertEqual([path.name for path in self.root.iterdir()], [".locks"])

    def test_only_old_artefacts_are_forgotten(self) -> None:
        kept, young, old = (
            self.store.make("a", letter * 16, (), lambda folder: None) for letter in ("k", "y", "o")
        )
        long_ago = time.time() - 3 * 24 * 3600
        for place in (kept, old):
            os.utime(place, (long_ago, long_ago))
        self.store.forget("a", kept, days=2)
        self.assertEqual([place.exists() for place in (kept, young, old)], [True, True, False])


class AptTest(unittest.TestCase):
    def test_services_stay_down_while_packages_install_and_the_machines_policy_returns(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            policy = pathlib.Path(folder) / "policy-rc.d"
            for name, before in (
                ("none", None),
                ("its own", "#!/bin/sh\nexit 0\n"),
                ("left by a killed run", apt.POLICY_TEXT),
            ):
                with self.subTest(name):
                    policy.unlink(missing_ok=True)
                    if before is not None:
                        policy.write_text(before, encoding="utf-8")
                    with apt.no_daemons(policy):
                        self.assertEqual(subprocess.run([policy, "x", "start"], check=False).returncode, 101)
                    left = policy.read_text(encoding="utf-8") if policy.exists() else None
                    self.assertEqual(left, None if before == apt.POLICY_TEXT else before)
                    self.assertEqual(len(list(policy.parent.iterdir())), int(policy.exists()))

    def test_a_kept_policy_survives_a_killed_run(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            policy = pathlib.Path(folder) / "policy-rc.d"
            policy.write_text("theirs", encoding="utf-8")
            killed = apt.no_daemons(policy)
            killed.__enter__()
            with apt.no_daemons(policy):
                pass
            self.assertEqual(policy.read_text(encoding="utf-8"), "theirs")

    def test_installed_packages_are_not_missing(self) -> None:
        self.assertEqual(apt.missing(["dpkg", "evenkeel-no-such-package"]), ["evenkeel-no-such-package"])

    def test_only_root_may_install_and_is_told_the_command(self) -> None:
        packages = {"trial": ("evenkeel-no-such-package",)}
        with mock.patch.dict(catalogue.PACKAGES, packages), mock.patch("os.geteuid", return_value=1000):
            with self.assertRaisesRegex(
                SetupError, "run as root: apt-get install .*evenkeel-no-such-package"
            ):
                apt.ensure_apt("trial")


class ToolchainTest(unittest.TestCase):
    def test_only_releases_of_the_minimum_or_newer_will_do(self) -> None:
        verdicts = {"go1.26": True, "go1.26.6": True, "go1.30.1": True, "go2.0": True, "go1.25.9": False,
                    "go1.19.8": False, "go1.27rc1": False, "devel go1.27-abc": False}  # fmt: skip
        for version, verdict in verdicts.items():
            with self.subTest(version):
                self.assertEqual(toolchain.new_enough(version), verdict)

    def test_settings_of_the_build_are_ours_and_the_module_source_is_the_machines(self) -> None:
        theirs = {"GOPROXY": "their-proxy", "GOFLAGS": "-mod=mod", "GOOS": "plan9", "GOTOOLCHAIN": "auto"}
        with mock.patch.dict(os.environ, theirs):
            environment = toolchain.Toolchain("go1.26.1", pathlib.Path("/go")).environment(
                pathlib.Path("/scratch")
            )
        self.assertEqual(environment["GOPROXY"], "their-proxy")
        self.assertEqual((environment["GOFLAGS"], environment["GOTOOLCHAIN"]), ("-mod=readonly", "local"))
        self.assertNotIn("GOOS", environment)


class WheelTest(unittest.TestCase):
    def test_another_architecture_is_told_what_to_pin(self) -> None:
        with mock.patch("platform.machine", return_value="riscv64"), tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(
                SetupError, "(?s)pinned for x86_64, this machine is riscv64.*catalogue.py"
            ):
                wheel.unpack(catalogue.WHEEL_TOOLS[0], pathlib.Path(folder))


class CommandTest(unittest.TestCase):
    def test_a_command_that_is_not_there_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(SetupError, "(?s)cannot do it.*no-such-command"):
                command.run("do it", ["no-such-command"], log=pathlib.Path(folder) / "log")


class ProgressTest(unittest.TestCase):
    def test_lines_tell_what_how_many_and_how_it_ended(self) -> None:
        text = io.StringIO()
        progress = Progress(12, text)
        with progress.step("building etcd"):
            pass
        with self.assertRaises(SetupError), progress.step("building helm"):
            raise SetupError("no")
        lines = text.getvalue().splitlines()
        self.assertEqual(lines[0], "[ 1/12] building etcd ...")
        self.assertRegex(lines[1], r"^\[ 1/12\] building etcd: done in \d\.\ds$")
        self.assertRegex(lines[3], r"^\[ 2/12\] building helm: failed in \d\.\ds$")

    def test_a_long_step_keeps_speaking(self) -> None:
        text = io.StringIO()
        progress = Progress(1, text, interval=0.01)
        end = time.monotonic() + DEADLINE
        with progress.step("building etcd"):
            progress.note("waiting for process 7")
            while "elapsed" not in text.getvalue():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.001)
        self.assertRegex(
            text.getvalue(), r"\[1/1\] building etcd \.\.\. \(elapsed [\d.]+s, waiting for process 7\)"
        )

    def test_durations_read_well(self) -> None:
        for seconds, text in (
            (0.04, "0.0s"),
            (9.4, "9.4s"),
            (9.96, "10s"),
            (59.4, "59s"),
            (130, "2m10s"),
            (3720, "1h02m"),
        ):
            self.assertEqual(duration(seconds), text)


if __name__ == "__main__":
    unittest.main()
