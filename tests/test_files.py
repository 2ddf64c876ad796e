"""The one writer of files: whole or not at all, whatever happens, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from xlcalc import files

HELD = """
import sys, time
from xlcalc import files
files.os.fsync = lambda handle: (print("writing", flush=True), time.sleep(60))
files.write_atomically(sys.argv[1], b"new")
"""


@pytest.fixture
def writing(tmp_path):
    """A run that stands in the middle of writing `a.csv`."""
    run = subprocess.Popen([sys.executable, "-c", HELD, tmp_path / "a.csv"], stdout=subprocess.PIPE)
    assert run.stdout is not None and run.stdout.readline() == b"writing\n"
    yield run
    run.kill()
    run.wait()


def test_the_mode_stays(tmp_path):
    path = tmp_path / "a.csv"
    files.write_atomically(path, b"1")
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    path.chmod(0o640)
    files.write_atomically(path, b"2")
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o640, b"2")


@pytest.mark.skipif(sys.platform == "win32", reason="a killed run is a POSIX signal here")
def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path, writing):
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    writing.send_signal(signal.SIGKILL)
    writing.wait()
    assert len(list(tmp_path.iterdir())) == 2 and path.read_bytes() == b"old"
    files.write_atomically(tmp_path / "b.csv", b"")  # another file's leftovers are not its business
    assert len(list(tmp_path.iterdir())) == 3
    files.write_atomically(path, b"new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "b.csv"] and path.read_bytes() == b"new"


def test_a_file_that_another_run_is_writing_stays(tmp_path, writing):
    files.write_atomically(tmp_path / "a.csv", b"mine")
    assert len(list(tmp_path.iterdir())) == 2, "its temporary file is there still"


def test_many_at_once_write_whole_files(tmp_path):
    path, contents = tmp_path / "a.csv", [bytes([65 + n]) * 200_000 for n in range(8)]
    threads = [threading.Thread(target=files.write_atomically, args=(path, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents and [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_failure_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(files.os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(files.FileError, match=r"the disk is full \(3 bytes are needed\); nothing was changed"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["a.csv"]
