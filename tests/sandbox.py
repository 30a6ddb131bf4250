"""A folder as the root of programs, as a container has one; it needs root, and Linux.

The system and its Python are this machine's own, read-only. Everything else is the folder's.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TOOLS: Final = ("unshare", "mount", "chroot", "setpriv")
_SYSTEM: Final = ("/usr", "/etc", "/opt", "/bin", "/sbin", "/lib", "/lib64")
_SCRIPT: Final = """
root=$1 user=$2 at=$3 mode=$4
shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro "$root$1"
    shift
done
shift
mkdir -p "$root/dev" "$root/proc" "$root/tmp"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
test "$mode" = rw || mount -o remount,bind,ro "$root"
test "$user" != 0:0 || exec chroot "$root" env -C "$at" "$@"
exec chroot "$root" setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups \
    --bounding-set=-all --inh-caps=-all --no-new-privs env -C "$at" "$@"
"""


def can_be_made() -> bool:
    """Tell whether this process may make one."""
    is_root = sys.platform == "linux" and os.geteuid() == 0
    return is_root and all(shutil.which(each) for each in _TOOLS)


def command(
    root: Path, words: Sequence[str], *, user: str = "0:0", read_only: bool = False
) -> list[str]:
    """Return the command that runs ``words`` with ``root`` as its root.

    Args:
        root: The folder.
        words: The command; it runs in ``/app``.
        user: Its user and group, as numbers. All but root are without any capability.
        read_only: Whether nothing can be written but below ``/tmp``, which is empty.
    """
    bound = [each for each in _SYSTEM if Path(each).is_dir() and not Path(each).is_symlink()]
    bound += [] if sys.base_prefix.startswith("/usr") else [sys.base_prefix]
    for each in _SYSTEM:
        link = root / each[1:]
        if Path(each).is_symlink() and not link.is_symlink():
            link.symlink_to(Path(each).readlink())
    mode = "ro" if read_only else "rw"
    return [
        *("unshare", "--mount", "sh", "-ec", _SCRIPT, "sandbox", str(root), user, "/app", mode),
        *(*bound, "--", *words),
    ]
