"""A machine with a key of its own does not start, says which file it is about, and what mends it."""

from pathlib import Path

from tests.cli.conftest import Run


def test_a_worker_with_another_key_does_not_start(servery: Run, tmp_path: Path):
    home = tmp_path / "home"
    (home / "cards.key").write_bytes(b"the key of the first machine")
    assert servery("trust-keys").returncode == 0
    (home / "cards.key").write_bytes(b"another")
    for command in ("worker", "web", "up"):
        done = servery(command)
        assert (done.returncode, "cards.key" in done.stderr, "trust-keys" in done.stderr) == (3, True, True)
    assert "cards.key of this machine" in servery("doctor").stderr
