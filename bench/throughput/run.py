#!/usr/bin/env python3
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

"""Runs the throughput benchmark: every driver against the same brokers, in turn, several times.

docs/benchmark.md says what is measured and how to read it. Needs nothing but Python's own library, the programs
that CMake builds with ASIO_MQTT_BUILD_BENCHMARKS, and for the counts valgrind and strace.
"""

import argparse
import dataclasses
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the source folder stays as it is
import plot  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BASE = "bare Asio"  # what the others are compared with
MEBIBYTE = 1_048_576


@dataclasses.dataclass(frozen=True)
class Driver:
    name: str
    program: str
    variant: str = ""
    only: str = ""  # what of all is measured with it; empty: whatever has variants


DRIVERS = [
    Driver(BASE, "bare_asio"),
    Driver("asio_mqtt", "asio_mqtt"),
    Driver("asio_mqtt single_threaded", "asio_mqtt", "single_threaded"),
    Driver("asio_mqtt traced", "asio_mqtt", "traced"),
    Driver("asio_mqtt topics", "asio_mqtt", "topics", only="receive"),
    Driver("asio_mqtt subscriptions", "asio_mqtt", "subscriptions", only="receive"),
    Driver("asio_mqtt expiring", "asio_mqtt", "expiring", only="publish"),
    Driver("asio_mqtt room", "asio_mqtt", "room", only="publish"),
    Driver("asio_mqtt by_hand", "asio_mqtt", "by_hand", only="receive"),
    Driver("asio_mqtt awaited", "asio_mqtt", "awaited", only="receive"),
    Driver("libmosquitto", "libmosquitto"),
    Driver("Paho C", "paho_c"),
    Driver("Paho C++", "paho_cpp"),
]


@dataclasses.dataclass(frozen=True)
class Line:
    """One thing to measure, with each driver."""

    section: str
    what: str
    qos: int
    window: int
    size: int = 16
    version: int = 5  # 4 is 3.1.1, as on the wire
    is_short: bool = False  # also without --full
    is_plotted: bool = False
    with_variants: bool = False

    @property
    def is_ping(self):
        return self.what == "ping"

    @property
    def broker(self):
        return "mosquitto" if self.section == "Mosquitto" else "ideal"

    @property
    def name(self):
        words = {
            "publish": "mosquitto publish" if self.broker == "mosquitto" else "publish",
            "relay": "end to end",
            "ping": "round trip",
        }
        text = f"{words.get(self.what, self.what)} QoS {self.qos}"
        if self.size != 16:
            text += ", " + {256: "256 B", 4096: "4 KiB", MEBIBYTE: "1 MiB"}[self.size]
        if not self.is_ping and not (self.what == "receive" and self.qos == 0):
            text += f", {'in flight' if self.what == 'receive' else 'window'} {self.window}"
        return text + (", 3.1.1" if self.version == 4 else "")

    def takes(self, driver):
        if driver.variant:
            return self.with_variants and driver.only in ("", self.what)
        return self.what != "relay" or driver.name != BASE


def all_lines():
    lines = []
    for version in (5, 4):
        is_5 = version == 5

        def add(section, what, qos, window, size=16, short=False, plotted=False, variants=False):
            lines.append(Line(section, what, qos, window, size, version, short and is_5, plotted and is_5, variants))

        for qos in (0, 1, 2):
            # At QoS 0 nothing is in flight: the window is what the application hands over ahead.
            for window in (64, 1000, 65_535):
                add("Publish", "publish", qos, window, short=window == 1000 or (window == 64 and qos > 0),
                    plotted=window == 1000 or (window == 64 and qos > 0), variants=window == 1000)
        for size, window in ((256, 1000), (4096, 1000), (MEBIBYTE, 8)):
            for qos in (0, 1, 2):
                add("Payloads", "publish", qos, window, size, short=qos == 0)
        add("Receive", "receive", 0, 64, short=True, plotted=True, variants=True)
        for qos in (1, 2):
            for window in (64, 65_535):
                add("Receive", "receive", qos, window, short=window == 64, plotted=window == 64, variants=window == 64)
        for qos in (0, 1):
            add("Round trip", "ping", qos, 1, short=True, variants=True)
        for what in ("publish", "relay"):
            for qos in (0, 1, 2):
                add("Mosquitto", what, qos, 64, short=True, plotted=what == "relay")
    return lines


# --- Programs ------------------------------------------------------------------------------------


class Failure(Exception):
    pass


def pin_to(core):
    """For Popen: runs between fork and exec."""
    if core is None:
        return None
    return lambda: os.sched_setaffinity(0, {core})


def cores():
    """One for the broker and one for the drivers, where there are two."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


class Broker:
    def __init__(self, name, programs, folder, core):
        self.name = name
        self.programs = programs
        self.folder = folder
        self.core = core
        self.process = None
        self.port = None

    def command(self):
        if self.name == "ideal":
            return [os.path.join(self.programs, "ideal_broker"), self.port_file()]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        configuration = os.path.join(self.folder, "mosquitto.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(
                f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                "max_inflight_messages 0\nmax_inflight_bytes 0\nmax_queued_messages 0\nmax_queued_bytes 0\n"
                "sys_interval 0\nlog_dest none\nconnection_messages false\n"
            )
        return [mosquitto_program(), "-c", configuration]

    def port_file(self):
        return os.path.join(self.folder, "ideal_broker.port")

    def start(self):
        if self.process and self.process.poll() is None:
            return
        if self.name == "ideal" and os.path.exists(self.port_file()):
            os.remove(self.port_file())
        self.process = subprocess.Popen(self.command(), preexec_fn=pin_to(self.core), stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self.listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"the broker '{self.name}' does not start")
            time.sleep(0.02)

    def listens(self):
        if self.name == "ideal":
            if not os.path.exists(self.port_file()):
                return False
            with open(self.port_file(), encoding="ascii") as file:
                self.port = int(file.read())
            return True
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def mosquitto_program():
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


class Bench:
    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder
        broker_core, self.driver_core = cores()
        self.brokers = {name: Broker(name, programs, folder, broker_core) for name in ("ideal", "mosquitto")}

    def run(self, line, driver, count, time_out, prefix=(), environment=None):
        """Runs a driver; its figures."""
        broker = self.brokers[line.broker]
        broker.start()
        command = [*prefix, os.path.join(self.programs, "driver_" + driver.program), line.what, broker.port,
                   line.version, line.qos, count, line.window, line.size]
        if driver.variant:
            command.append(driver.variant)
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, preexec_fn=pin_to(self.driver_core), start_new_session=True,
            env={**os.environ, **(environment or {})})
        try:
            output, errors = process.communicate(timeout=time_out)
        except subprocess.TimeoutExpired:
            # With its prefix: the session is theirs alone.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if line.broker == "ideal":
                broker.stop()  # it may have much left to send
            raise Failure(f"not done with {count} messages after {time_out:.0f} s") from None
        if process.returncode != 0:
            said = [text for text in errors.splitlines() if text.strip()]
            raise Failure(said[-1] if said else f"ended with {process.returncode}")
        return json.loads(output), errors

    def stop(self):
        for broker in self.brokers.values():
            broker.stop()


# --- Progress ------------------------------------------------------------------------------------


class Progress:
    """One line that is written over on a terminal, else a line now and then."""

    def __init__(self, what, total):
        self.what = what
        self.total = total
        self.done = 0
        self.started = self.said = time.monotonic()

    def step(self, text):
        self.done += 1
        now = time.monotonic()
        is_terminal = sys.stderr.isatty()
        if not is_terminal and now - self.said < 10 and self.done < self.total:
            return
        self.said = now
        left = (now - self.started) / self.done * (self.total - self.done)
        message = f"{self.what} {self.done}/{self.total}, {left / 60:.0f}:{left % 60:02.0f} left: {text}"
        if is_terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r\033[K" + message[:width] + ("\n" if self.done == self.total else ""))
        else:
            sys.stderr.write(message + "\n")
        sys.stderr.flush()


# --- Timing --------------------------------------------------------------------------------------


def seconds_of(line, figures):
    return figures["p50_us"] * figures["count"] / 1e6 if line.is_ping else figures["seconds"]


def calibrate(bench, line, driver, target, time_out):
    """How many messages last about `target` seconds. It is the warm-up, too."""
    # A window that is not filled again and again is not measured.
    least = 200 if line.is_ping else 16 if line.size == MEBIBYTE else max(300, 2 * line.window)
    count = least
    while True:
        figures, _ = bench.run(line, driver, count, time_out)
        seconds = max(seconds_of(line, figures), 1e-5)
        wanted = max(least, int(count * target / seconds))
        if seconds >= target / 10 or wanted <= count:
            return min(wanted, 100_000_000)
        # A short run says little: approach in steps.
        count = min(wanted, count * 50)


def measure(bench, lines, drivers, rounds, target, time_out):
    pairs = [(line, driver) for line in lines for driver in drivers if line.takes(driver)]
    counts = {}
    failures = []
    progress = Progress("calibrating", len(pairs))
    for line, driver in pairs:
        progress.step(f"{line.name}, {driver.name}")
        try:
            counts[line, driver] = calibrate(bench, line, driver, target, time_out)
        except Failure as failure:
            failures.append({"line": line.name, "driver": driver.name, "why": str(failure)})
    runs = []
    progress = Progress("measuring", len(counts) * rounds)
    for number in range(rounds):
        # Each round takes every line, so that what disturbs for a while disturbs one round of many lines and not
        # all rounds of one; and within a line the drivers follow each other.
        for (line, driver), count in list(counts.items()):
            progress.step(f"round {number + 1} of {rounds}: {line.name}, {driver.name}")
            try:
                figures, _ = bench.run(line, driver, count, time_out)
            except Failure as failure:
                failures.append({"line": line.name, "driver": driver.name, "round": number, "why": str(failure)})
                continue
            if not line.is_ping:
                figures["messages_per_second"] = figures["count"] / figures["seconds"]
                figures["cpu_seconds_per_million"] = figures["cpu_seconds"] / figures["count"] * 1e6
            runs.append({"line": line.name, "driver": driver.name, "round": number, **figures})
    return runs, failures


# --- Counting ------------------------------------------------------------------------------------


def count_instructions(bench, line, driver, count, time_out):
    prefix = ["valgrind", "--tool=callgrind", "--fair-sched=try", "--callgrind-out-file=/dev/null"]
    _, errors = bench.run(line, driver, count, time_out, prefix)
    return int(re.search(r"Collected : (\d+)", errors)[1])


def count_allocations(bench, line, driver, count, time_out):
    file = os.path.join(bench.folder, "allocations")
    bench.run(line, driver, count, time_out, environment={
        "LD_PRELOAD": os.path.join(bench.programs, "libcount_allocations.so"), "ALLOCATIONS_FILE": file})
    with open(file, encoding="ascii") as counted:
        return int(counted.read())


def count_system_calls(bench, line, driver, count, time_out):
    file = os.path.join(bench.folder, "system_calls")
    bench.run(line, driver, count, time_out, ["strace", "-f", "-c", "-U", "calls,name", "-o", file])
    with open(file, encoding="ascii") as counted:
        return int(re.search(r"(\d+)\s+total", counted.read())[1])


COUNTERS = {
    "instructions": count_instructions,
    "allocations": count_allocations,
    "system calls": count_system_calls,
}


def count(bench, what, lines, drivers):
    """Per message: the difference of two runs, so that start and end of a driver do not count."""
    lines = [line for line in lines if not line.is_ping and line.broker == "ideal" and line.window <= 1000]
    pairs = [(line, driver) for line in lines for driver in drivers if line.takes(driver)]
    progress = Progress("counting " + what, len(pairs))
    results = []
    failures = []
    for line, driver in pairs:
        progress.step(f"{line.name}, {driver.name}")
        # Bare Asio does little for each message, asio_mqtt not much more; the others are slow below such tools.
        few = 20_000 if driver.program in ("bare_asio", "asio_mqtt") else max(500, line.window)
        many = 6 * few if driver.program in ("bare_asio", "asio_mqtt") else 3 * few
        if line.size == MEBIBYTE:
            few, many = 20, 60
        try:
            of_few, of_many = [COUNTERS[what](bench, line, driver, number, 120) for number in (few, many)]
        except Failure as failure:
            failures.append({"line": line.name, "driver": driver.name, "why": str(failure)})
            continue
        results.append({"line": line.name, "driver": driver.name, "messages": [few, many],
                        "counts": [of_few, of_many], "per_message": (of_many - of_few) / (many - few)})
    return results, failures


# --- Results -------------------------------------------------------------------------------------


def figure(number):
    """With three digits, as people say it."""
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if number >= limit * 0.9995:
            number /= limit
            break
    else:
        unit = ""
    return f"{number:.{max(0, 2 - len(str(int(number))) + 1)}f}" + unit


def summarise(lines, drivers, runs):
    """Of each line and driver that has runs: medians and so on."""
    by_pair = {}
    for run in runs:
        by_pair.setdefault((run["line"], run["driver"]), {})[run["round"]] = run
    summaries = {}
    for line in lines:
        key = "p50_us" if line.is_ping else "messages_per_second"
        base = by_pair.get((line.name, BASE), {})
        for driver in drivers:
            of_rounds = by_pair.get((line.name, driver.name))
            if not of_rounds:
                continue
            values = [run[key] for run in of_rounds.values()]
            ratios = [run[key] / base[number][key] for number, run in of_rounds.items() if number in base]
            summary = {"median": statistics.median(values), "min": min(values), "max": max(values),
                       "ratio": statistics.median(ratios) if ratios else None}
            if line.is_ping:
                p99 = [run["p99_us"] for run in of_rounds.values()]
                base_p99 = [run["p99_us"] / base[number]["p99_us"]
                            for number, run in of_rounds.items() if number in base]
                summary.update(p99=statistics.median(p99), p99_ratio=statistics.median(base_p99) if base_p99 else None)
            else:
                summary["cpu"] = statistics.median(run["cpu_seconds_per_million"] for run in of_rounds.values())
            summaries[line.name, driver.name] = summary
    return summaries


def table(head, rows):
    text = "| " + " | ".join(head) + " |\n|" + "---|" * len(head) + "\n"
    return text + "".join("| " + " | ".join(row) + " |\n" for row in rows)


def failed(failures, line, driver):
    return any(failure["line"] == line.name and failure["driver"] == driver.name for failure in failures)


def overview(lines, drivers, failures, cell):
    """A row for each line, a column for each driver."""
    drivers = [driver for driver in drivers if any(cell(line, driver) for line in lines)]
    rows = []
    for line in lines:
        cells = [cell(line, driver) or ("failed" if failed(failures, line, driver) else "-") for driver in drivers]
        rows.append([line.name, *cells])
    return table(["", *(driver.name for driver in drivers)], rows)


def timing_text(lines, drivers, summaries, failures):
    def rate(line, driver):
        summary = summaries.get((line.name, driver.name))
        return figure(summary["median"]) if summary else None

    def trip(line, driver):
        summary = summaries.get((line.name, driver.name))
        return f"{summary['median']:.1f} / {summary['p99']:.1f}" if summary else None

    text = ""
    rates = [line for line in lines if not line.is_ping]
    trips = [line for line in lines if line.is_ping]
    if rates:
        text += "## Messages per second (medians)\n\n" + overview(rates, drivers, failures, rate) + "\n"
    if trips:
        text += "## Round trips: p50 / p99 in µs (medians)\n\n" + overview(trips, drivers, failures, trip) + "\n"
    for section in dict.fromkeys(line.section for line in lines):
        rows = []
        of_section = [line for line in lines if line.section == section]
        for line in of_section:
            for driver in drivers:
                summary = summaries.get((line.name, driver.name))
                if not summary:
                    continue
                ratio = "-" if summary["ratio"] is None else f"{summary['ratio']:.3f}"
                row = [line.name, driver.name]
                if line.is_ping:
                    p99_ratio = "-" if summary["p99_ratio"] is None else f"{summary['p99_ratio']:.3f}"
                    row += [f"{summary[key]:.1f}" for key in ("median", "min", "max")]
                    row += [ratio, f"{summary['p99']:.1f}", p99_ratio]
                else:
                    row += [figure(summary[key]) for key in ("median", "min", "max")]
                    row += [f"{summary['cpu']:.3g}", ratio]
                rows.append(row)
        head = (["p50 µs, median", "min", "max", "of bare Asio", "p99 µs, median", "of bare Asio"]
                if of_section[0].is_ping else
                ["messages/s, median", "min", "max", "CPU s per million", "of bare Asio"])
        text += f"## {section}\n\n" + table(["", "driver", *head], rows) + "\n"
    return text


def failures_text(failures):
    if not failures:
        return ""
    return "## Failed\n\n" + "".join(
        f"- {failure['line']}, {failure['driver']}: {failure['why']}\n" for failure in failures) + "\n"


def first_line_of(command):
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, cwd=ROOT)
    except OSError:
        return None
    said = (output.stdout or output.stderr).strip()
    return said.splitlines()[0] if said else None


def environment(output):
    """What the numbers belong to; neither paths nor names of hosts."""
    found = {"date": time.strftime("%Y-%m-%d"), "kernel": platform.release(), "cores": os.cpu_count()}
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            found["processor"] = re.search(r"model name\s*: (.*)", file.read())[1]
        with open("/etc/os-release", encoding="utf-8") as file:
            found["system"] = re.search(r'PRETTY_NAME="?([^"\n]*)', file.read())[1]
    except (OSError, TypeError):
        pass
    try:
        with open(os.path.join(output, "CMakeCache.txt"), encoding="utf-8") as file:
            cache = dict(re.findall(r"^(\w+):\w+=(.*)$", file.read(), re.MULTILINE))
        found["compiler"] = first_line_of([cache["CMAKE_CXX_COMPILER"], "--version"])
        flags = cache.get("CMAKE_CXX_FLAGS_" + cache["CMAKE_BUILD_TYPE"].upper(), "")
        found["flags"] = f"{cache.get('CMAKE_CXX_FLAGS', '')} {flags}".strip()
        with open(os.path.join(cache["Asio_INCLUDE_DIR"], "asio", "version.hpp"), encoding="utf-8") as file:
            version = int(re.search(r"define ASIO_VERSION (\d+)", file.read())[1])
        found["asio"] = f"{version // 100000}.{version // 100 % 1000}.{version % 100}"
    except (OSError, KeyError, TypeError):
        pass
    found["commit"] = first_line_of(["git", "describe", "--always", "--dirty"])
    found["python"] = platform.python_version()
    if shutil.which("dpkg-query"):
        for package in ("mosquitto", "libmosquitto1", "libpaho-mqtt1.3", "libpaho-mqttpp3-1", "libc6"):
            version = first_line_of(["dpkg-query", "-W", "-f", "${Version}", package])
            if version and "no packages" not in version:
                found[package] = version
    return found


def environment_text(found):
    return ", ".join(f"{name} {value}" for name, value in found.items() if value) + ".\n\n"


# --- The command line ----------------------------------------------------------------------------


def read_arguments():
    parser = argparse.ArgumentParser(description="Runs the throughput benchmark; see docs/benchmark.md.")
    parser.add_argument("--full", action="store_true", help="all lines, in both versions of MQTT")
    parser.add_argument("--only", metavar="REGEX", help="of all lines those whose name matches")
    parser.add_argument("--rounds", metavar="N", type=int, help="default: 3, with --full 5")
    parser.add_argument("--seconds", metavar="S", type=float, help="of one measurement; default: 0.15, with --full 0.6")
    parser.add_argument("--drivers", metavar="LIST", help="names of programs or drivers, separated by commas")
    for what in COUNTERS:
        parser.add_argument("--" + what.replace(" ", "-"), action="store_true", help=f"count {what} instead of time")
    parser.add_argument("--time-out", metavar="S", type=float, default=30, help="of one run; default: 30")
    parser.add_argument("--output", metavar="FOLDER", default=os.path.join(ROOT, "build", "bench"))
    parser.add_argument("--programs", metavar="FOLDER", help="default: the folder `bench` of the output folder")
    parser.add_argument("--list", action="store_true", help="list lines and drivers")
    return parser.parse_args()


def choose(arguments, programs):
    lines = all_lines()
    if arguments.only:
        lines = [line for line in lines if re.search(arguments.only, line.name)]
    elif not arguments.full:
        lines = [line for line in lines if line.is_short]
    if not mosquitto_program():
        sys.stderr.write("left out, as there is no mosquitto: what is measured against it\n")
        lines = [line for line in lines if line.broker != "mosquitto"]
    drivers = DRIVERS
    if arguments.drivers:
        names = [name.strip() for name in arguments.drivers.split(",")]
        unknown = set(names) - {name for driver in DRIVERS for name in (driver.program, driver.name)}
        if unknown:
            sys.exit("no such driver: " + ", ".join(sorted(unknown)))
        drivers = [driver for driver in DRIVERS if driver.program in names or driver.name in names]
    there = [driver for driver in drivers if os.path.exists(os.path.join(programs, "driver_" + driver.program))]
    for driver in drivers:
        if driver not in there:
            sys.stderr.write(f"left out, as it was not built: {driver.name}\n")
    return lines, there


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    arguments = read_arguments()
    programs = arguments.programs or os.path.join(arguments.output, "bench")
    lines, drivers = choose(arguments, programs)
    if arguments.list:
        print("\n".join([*(line.name for line in lines), "", *(driver.name for driver in drivers)]))
        return
    if not lines or not drivers:
        sys.exit("nothing to measure")
    if not os.path.exists(os.path.join(programs, "ideal_broker")):
        sys.exit("the programs are not built: `./dev bench` builds them")
    os.makedirs(arguments.output, exist_ok=True)
    found = environment(arguments.output)
    head = "# Throughput\n\n" + environment_text(found)
    counters = [what for what in COUNTERS if getattr(arguments, what.replace(" ", "_"))]
    with tempfile.TemporaryDirectory() as folder:
        # Mosquitto, when root starts it, becomes a user of its own.
        os.chmod(folder, 0o755)
        bench = Bench(programs, folder)
        try:
            for what in counters:
                results, failures = count(bench, what, lines, drivers)
                by_pair = {(result["line"], result["driver"]): f"{result['per_message']:.3g}"
                           if result["per_message"] < 100 else f"{result['per_message']:.0f}" for result in results}
                counted = [line for line in lines if any((line.name, driver.name) in by_pair for driver in drivers)]
                text = f"## {what.capitalize()} per message\n\n" + overview(
                    counted, drivers, failures, lambda line, driver: by_pair.get((line.name, driver.name)))
                text += "\n" + failures_text(failures)
                name = what.replace(" ", "_")
                write(arguments.output, name + ".md", head + text)
                write(arguments.output, name + ".json", json.dumps(
                    {"environment": found, "counts": results, "failures": failures}, indent=1))
                print(text, end="")
            if counters:
                return
            runs, failures = measure(
                bench, lines, drivers, arguments.rounds or (5 if arguments.full else 3),
                arguments.seconds or (0.6 if arguments.full else 0.15), arguments.time_out)
        finally:
            bench.stop()
    summaries = summarise(lines, drivers, runs)
    text = timing_text(lines, drivers, summaries, failures) + failures_text(failures)
    write(arguments.output, "throughput.md", head + text)
    write(arguments.output, "throughput.json", json.dumps(
        {"environment": found, "lines": [{**dataclasses.asdict(line), "name": line.name} for line in lines],
         "runs": runs, "failures": failures}, indent=1))
    plotted = [line for line in lines if line.is_plotted]
    of_plot = [driver for driver in drivers if not driver.variant]
    if plotted:
        write(arguments.output, "throughput.svg", plot.bars(
            "MQTT messages of 16 bytes a second", [line.name for line in plotted],
            [driver.name for driver in of_plot],
            {pair: summary["median"] for pair, summary in summaries.items()}))
    print(text, end="")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nstopped")
