"""Who may connect: the account that the server runs as, and the user who runs it, as the kernel tells of both.

The files lie beside the data, and are written anew at each start, so that a data directory of any age is guarded so.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from pooljobs.embedded.account import Account
from pooljobs.embedded.location import ServerPaths, write_anew
from pooljobs.embedded.programs import Programs

SUPERUSER = "pooljobs"

_ANY_ROLE = 16
"""The first version whose maps know every role as ``all``."""


def access_options(layout: ServerPaths, programs: Programs, account: Account | None) -> dict[str, str]:
    """Writes the rules; the server's parameters that name them."""
    every_role = programs.major >= _ANY_ROLE
    rules = [f"local all {'all' if every_role else SUPERUSER} peer map=owner"]
    if not every_role:  # roles that somebody has made: the socket's directory alone keeps strangers from these
        rules.append("local all all trust")
    users = dict.fromkeys(filter(None, map(_name, {os.geteuid(), account.uid if account else os.geteuid()})))
    maps = [f'owner "{user}" {"all" if every_role else SUPERUSER}' for user in users]
    return {
        "hba_file": str(_write(layout.root / "pg_hba.conf", rules)),
        "ident_file": str(_write(layout.root / "pg_ident.conf", maps)),
    }


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _write(path: Path, lines: list[str]) -> Path:
    try:
        write_anew(path, "".join(f"{line}\n" for line in lines).encode())
    except PermissionError:  # the account itself starts what root has set up
        if not path.exists():
            raise
    return path
