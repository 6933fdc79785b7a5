"""How long `servery up` takes until its pages answer, once it has run before; and a small command.

Why it matters: a restaurant's machine is switched off at night and on at five to twelve. A program that takes long to
start is left running, or is not started at all.

The first start makes the database, so it is told apart. Every later one starts PostgreSQL, the pages and the worker
from nothing, and is stopped again by the signal that Ctrl-C sends.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.stand.installation import folder, servery
from benchmarks.stand.installation import run as run_command
from benchmarks.stand.report import Figure, Report

MOST = 3.0
"""Seconds."""
MOST_TO_STOP = 5.0
"""Seconds."""
ROUNDS = 7


def run(report: Report) -> None:
    """Start and stop an installation a number of times."""
    with folder() as home:
        environment = _environment(home)
        first, _ = _up(environment)
        rounds = [_up(environment) for _ in range(ROUNDS)]
        listed = [run_command(servery("venues", "list", "--json"), environment).seconds for _ in range(ROUNDS)]
    bare = [run_command([*servery()[:1], "-c", "pass"], environment).seconds for _ in range(ROUNDS)]
    started = [up for up, _ in rounds]
    again = report.figure(Figure(name="servery up, until its pages answer", unit="s", rounds=started, below=MOST))
    report.figure(Figure(name="servery up, the very first time", unit="s", rounds=[first]))
    stopped = [down for _, down in rounds]
    report.figure(Figure(name="SIGTERM, until everything is gone", unit="s", rounds=stopped, below=MOST_TO_STOP))
    report.figure(Figure(name="servery venues list, PostgreSQL not running", unit="s", rounds=listed))
    report.peer(again, Figure(name="python that does nothing", unit="s", rounds=bare))


def _environment(home: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    others = {name: value for name, value in os.environ.items() if not name.startswith("SERVERY_")}
    return {**others, "SERVERY_HOME": str(home), "SERVERY_PORT": str(port)}


def _up(environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until `servery up` says that it is up, which it does when its pages answer; and until it has ended."""
    began = time.perf_counter()
    with subprocess.Popen(servery("up"), env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told = any(b"Servery is up" in line for line in iter(process.stderr.readline, b""))
        up = time.perf_counter() - began
        process.send_signal(signal.SIGTERM)
        process.wait()
    if not told:
        raise RuntimeError("servery up ended before it was up")
    return up, time.perf_counter() - began - up
