"""PostgreSQL refuses to run as root, so root runs it as a plain user.

As a module it says who that is. As a script, run by its path with `python -I -S`, it becomes that user and then
the command:

    plain_user.py UID GID CAPABILITY COMMAND ...
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import NamedTuple

# Numbers from linux/capability.h, linux/prctl.h and linux/securebits.h.
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAP_SETPCAP = 8
_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_NONE = 0


class PlainUser(NamedTuple):
    """Whom the server runs as. `capability`: number of the one capability it keeps, 0 for none."""

    uid: int
    gid: int
    capability: int

    def command(self, *words: str) -> list[str]:
        """The command that becomes this user, then `words`."""
        script = str(Path(__file__).resolve())
        return [sys.executable, "-I", "-S", script, *map(str, self), *words]


def plain_user(owner: int, program: Path, folder: Path) -> PlainUser | None:
    """Whom root is to run `program` as, or None where we are not root.

    `owner` is the uid that the data belong to (0 while there are none); `folder` is where the server works.
    Raises LookupError where no plain user exists, PermissionError where that user cannot get at them.
    """
    if os.geteuid() != 0:
        return None
    uid, gid = _somebody(owner)
    return PlainUser(uid, gid, _capability(uid, gid, program, folder))


def _somebody(owner: int) -> tuple[int, int]:
    import pwd

    wanted = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if owner:
        gids = [entry.pw_gid for entry in wanted if entry.pw_uid == owner]
        return owner, gids[0] if gids else owner
    for name in ("servery", "postgres", "nobody"):
        for entry in wanted:
            if entry.pw_name == name:
                return entry.pw_uid, entry.pw_gid
    raise LookupError("no plain user")


def _capability(uid: int, gid: int, program: Path, folder: Path) -> int:
    """The capability the user needs: none where the way to all is open.

    A checkout or a data folder below /root is closed to everyone else. Rather than open those folders or copy
    the program, the server keeps the one capability that lets it pass through. As an ambient capability it
    survives exec without a privileged file and without the secure-execution mode of setuid programs; the server
    listens on nothing but a socket of ours.
    """
    if not _allows(program, uid, gid, 0o5):
        # Searching folders does not let one execute a file that is executable for its owner alone.
        return _held(_CAP_DAC_OVERRIDE)
    ways = {*program.resolve().parents, *folder.resolve().parents}
    if all(_allows(way, uid, gid, 0o1) for way in ways) and _allows(program.parent, uid, gid, 0o5):
        return _NONE
    # Containers commonly withhold the smaller capability and grant the larger.
    return _held(_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE)


def _allows(path: Path, uid: int, gid: int, wanted: int) -> bool:
    status = path.stat()
    if status.st_uid == uid:
        shift = 6
    elif status.st_gid == gid:
        shift = 3
    else:
        shift = 0
    return (status.st_mode >> shift) & wanted == wanted


def _held(*choices: int) -> int:
    """The first of `choices` that we have and may pass on."""
    lines = Path("/proc/self/status").read_text().splitlines()
    masks = {name: int(value, 16) for name, value in (line.split(":", 1) for line in lines if line.startswith("Cap"))}
    ours = masks["CapPrm"] & masks["CapBnd"]
    for capability in choices:
        if ours >> capability & ours >> _CAP_SETPCAP & 1:
            return capability
    raise PermissionError("no capability to pass through closed folders")


def become(user: PlainUser) -> None:
    """Turn this process for good into one of `user`, with no groups and no right but its one capability."""
    libc = ctypes.CDLL(None, use_errno=True)
    if user.capability:
        # PostgreSQL asks access(2) about its own program, and for a plain user access(2) heeds capabilities only so.
        # It also keeps them through the change of user.
        _check(libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    if user.capability:
        _keep_only(libc, user.capability)


def _keep_only(libc: ctypes.CDLL, capability: int) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    mask = 1 << capability
    # Effective, permitted, inheritable for capabilities 0 to 31, then for 32 to 63.
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _check(libc.capset(header, sets))
    _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    become(PlainUser(*map(int, sys.argv[1:4])))
    # The folder we were started in may be closed to the user we have become.
    os.chdir("/")
    os.execv(sys.argv[4], sys.argv[4:])
