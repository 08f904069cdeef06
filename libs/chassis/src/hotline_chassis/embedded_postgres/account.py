"""Which OS account the server's programs run under: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """How to run a program of the server, and who owns the files it must reach."""

    prefix: tuple[str, ...]
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give one file or folder of ours to the server (only root can, only root needs to)."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def create_data_dir(data_dir: Path) -> None:
    """Make the folder and its missing parents; they belong to whoever owns the folder they are made in.

    So data that root makes in a user's checkout stays usable by that user. Folders that exist are left as they are.
    """
    missing = [folder for folder in (data_dir, *data_dir.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700 if folder == data_dir else 0o755)
        if os.geteuid() == 0:
            owner = folder.parent.stat()
            os.chown(folder, owner.st_uid, owner.st_gid)


def choose_account(data_dir: Path) -> ServerAccount:
    """Find the account for a data folder that exists.

    An ordinary user is itself. Root runs the server as the folder's owner; where that is root too, inside a user
    namespace that maps root to somebody else, or, where namespaces are forbidden (Docker's default), as `nobody`.
    """
    owner = data_dir.stat()
    uid, gid = (owner.st_uid, owner.st_gid) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    if uid == 0 and not _user_namespaces_allowed():
        nobody = pwd.getpwnam(NOBODY)
        uid, gid = nobody.pw_uid, nobody.pw_gid
        os.chown(data_dir, uid, gid)
    return ServerAccount((*_change_of_user(uid, gid), *_namespace(uid)), uid, gid)


def _change_of_user(uid: int, gid: int) -> tuple[str, ...]:
    if os.geteuid() == uid:
        return ()
    setpriv = ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    if uid != pwd.getpwnam(NOBODY).pw_uid:
        return (*setpriv, "--")
    # The checkout may lie under a folder only root may enter, as /root.
    return (*setpriv, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--")


def _namespace(uid: int) -> tuple[str, ...]:
    # initdb looks its own user up, so an id without a name (`docker run -u 12345`) needs a name as well.
    return () if uid != 0 and _has_name(uid) else _unshare()


def _unshare() -> tuple[str, ...]:
    # Not a fixed 1000: initdb needs the id to have a name, and a bare container has no user 1000.
    named = next(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0)
    return ("unshare", "--user", f"--map-user={named}", "--")


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _user_namespaces_allowed() -> bool:
    return subprocess.run((*_unshare(), "true"), check=False, capture_output=True).returncode == 0  # noqa: S603
