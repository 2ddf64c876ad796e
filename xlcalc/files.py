"""Read a file that has an end; write one whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from xlcalc import limits

try:
    import fcntl
except ImportError:  # Windows, which removes no file that a program has open
    fcntl = None  # type: ignore[assignment]


class FileError(ValueError):
    """A file that cannot be read or written; `str()` is one sentence."""

    def __init__(self, said: str) -> None:
        sentence = " ".join(said.splitlines())  # a name in a file, or what a library says, may have several
        super().__init__(sentence if len(sentence) <= limits.MESSAGE else f"{sentence[: limits.MESSAGE - 3]}...")


_SUFFIX = ".tmp"
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


def read_file(path: str | os.PathLike[str]) -> bytes:
    """What an ordinary file holds. Raises FileError, or OSError for one that cannot be read."""
    check_ordinary(path)
    if os.stat(path).st_size > limits.FILE:
        raise FileError(f"{path} is larger than {limits.FILE // 2**20} MiB; it is not read.")
    return Path(path).read_bytes()


def check_ordinary(path: str | os.PathLike[str]) -> None:
    """Raise FileError for a folder, and for a device or a pipe: it may have no end. OSError where there is nothing."""
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise FileError(f"{path} is a folder, not a file.")
    if not stat.S_ISREG(mode):
        raise FileError(f"{path} is not an ordinary file, and is not read.")


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Put `data` at `path`, as `replacing` does."""
    with replacing(path, len(data)) as stream:
        stream.write(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], size: int = 0) -> Iterator[BinaryIO]:
    """What is written goes to a temporary file beside `path`, is flushed to disk, then renamed over it.

    The file keeps its permissions. On any failure the file at `path` stays as it was, the temporary file is removed and
    a `FileError` says why. What a killed run left beside it is removed first. `size`: the bytes that will be needed,
    where they are known.
    """
    target = Path(os.path.realpath(path))
    _refuse_unwritable(target)
    remove_leftovers(target)
    temporary: str | None = None
    try:
        handle, temporary = _open_temporary(target)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            os.chmod(temporary, _mode_for(target))
            if fcntl is not None:  # while the lock holds, no other run takes the file for one left behind
                os.replace(temporary, target)
                temporary = None
        if temporary is not None:  # Windows renames no open file
            os.replace(temporary, target)
            temporary = None
    except OSError as error:
        raise FileError(_sentence(target, size, error)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    _flush_folder(target.parent)


@contextlib.contextmanager
def held(mark: Path) -> Iterator[bool]:
    """A file that stands while something is done, and says whether it is this run that holds it.

    The system lets go of it when the program ends, however it ends; the file stays then, and whoever holds it next
    knows that something was not finished.
    """
    with mark.open("ab") as stream:
        try:
            if fcntl is not None:
                fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    mark.unlink(missing_ok=True)


def _open_temporary(target: Path) -> tuple[int, str]:
    """A new file beside `target`, locked: the system lets go of the lock when the program ends, however it ends."""
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=_SUFFIX, dir=target.parent)
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
        if fcntl is None or os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # another run took it for a leftover before it was locked


def remove_leftovers(target: Path) -> None:
    """Remove the temporary files of runs that were killed while they wrote `target`."""
    for name in glob.glob(f".{glob.escape(target.name)}.????????{_SUFFIX}", root_dir=target.parent):
        path = target.parent / name
        with contextlib.suppress(OSError):  # another run is writing it
            if fcntl is None:
                path.unlink()
                continue
            with path.open("rb") as stream:
                fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def _refuse_unwritable(target: Path) -> None:
    if target.is_dir():
        raise FileError(f"cannot write {target}: it is a folder.")
    if target.exists() and not target.is_file():
        raise FileError(f"cannot write {target}: it is not an ordinary file.")
    if not target.parent.is_dir():
        raise FileError(f"cannot write {target}: there is no folder {target.parent}.")
    # A rename would replace a read-only file without asking; its owner meant it to stay.
    if target.exists() and not os.access(target, os.W_OK):
        raise FileError(f"cannot write {target}: the file is read-only.")


def _mode_for(target: Path) -> int:
    """The permissions of the file being replaced, or those a newly created file gets."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sentence(target: Path, size: int, error: OSError) -> str:
    if error.errno in _DISK_FULL:
        needed = f" ({size:,} bytes are needed)" if size else ""
        return f"cannot write {target}: the disk is full{needed}; nothing was changed."
    if isinstance(error, PermissionError):
        return f"cannot write {target}: no permission, or another program has it open; nothing was changed."
    return f"cannot write {target}: {error.strerror or error}; nothing was changed."


def _flush_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system can; the file is complete either way."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
