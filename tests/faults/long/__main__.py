"""Runs the long forms of the faults, each in a process of its own, and goes on where it was interrupted.

`python -m tests.faults.long` runs all that have not passed with the code as it is, `... NAME ...` some, whether or not
they passed before. Each is a file here with `run() -> bool`, which prints what it found.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[3]
PASSED = ROOT / ".servery" / "faults"
"""What has passed: a file for each, with what it said."""


def names() -> list[str]:
    """The faults there are: every file beside this one."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("__"))


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 when something was lost, doubled or otherwise not as it must be."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.long", description="Kill, restart and flood for long."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all if nothing is named")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - set(names())
    if unknown:
        parser.error(f"there is no fault {', '.join(sorted(unknown))}")
    failed = [name for name in asked.names or names() if not _passes(name, again=bool(asked.names))]
    print(f"\n{len(failed)} failed: {', '.join(failed)}" if failed else "\nNothing was lost and nothing was doubled.")
    return 1 if failed else 0


def _passes(name: str, *, again: bool) -> bool:
    record = PASSED / f"{name}-{_code()}"
    if record.exists() and not again:
        print(f"{name}: passed before\n{record.read_text()}", end="", flush=True)
        return True
    print(f"{name}: running", flush=True)
    began, said = time.monotonic(), ""
    with subprocess.Popen(
        [sys.executable, "-m", f"tests.faults.long.{name}"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said += f"  {line}"
            print(f"  {line}", end="", flush=True)
    print(f"  took {time.monotonic() - began:.0f} s", flush=True)
    if process.returncode:
        return False
    PASSED.mkdir(parents=True, exist_ok=True)
    record.write_text(said)
    return True


def _code() -> str:
    """What tells the code as it is from any other: what passed before a change proves nothing after it."""
    digest = sha256()
    for file in sorted(_files()):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _files() -> Iterator[Path]:
    for folder in (ROOT / "src", ROOT / "tests" / "faults"):
        yield from (file for kind in ("py", "sql", "toml") for file in folder.rglob(f"*.{kind}"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
