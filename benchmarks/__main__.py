"""Runs benchmarks by name, and tells what they measured."""

import argparse
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from benchmarks.stand.noise import machine, noise
from benchmarks.stand.report import Report


def names() -> list[str]:
    """The benchmarks there are: every file beside this one."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("__"))


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 when a figure missed its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Servery on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; all of it if nothing is named")
    parser.add_argument("--list", action="store_true", help="say what can be measured")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - set(names())
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; see --list")
    if asked.list:
        for name in names():
            print(f"{name:18} {_title(_module(name))}")
        return 0
    return _run(asked.names or names())


def _run(wanted: Sequence[str]) -> int:
    print(machine())
    report = Report()
    for name in wanted:
        module = _module(name)
        report.begin(name, _title(module))
        began, before = time.monotonic(), noise()
        module.run(report)
        after = noise()
        report.say(f"took {time.monotonic() - began:.0f} s; {before.beside(after)}")
    print()
    print(report.verdict())
    return 1 if report.missed else 0


def _module(name: str) -> ModuleType:
    return import_module(f"benchmarks.{name}")


def _title(module: ModuleType) -> str:
    return (module.__doc__ or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
