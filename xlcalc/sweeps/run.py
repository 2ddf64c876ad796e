"""A sweep from its description to its answer: blocks on this machine's cores or on a cluster that somebody runs.

Dask hands blocks to workers, and hands those of a lost worker to another; what travels is the description, two numbers
or the rows of a block, and what the block comes to. Workers write partitions themselves.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow

from xlcalc.sweeps import block as blocks
from xlcalc.sweeps import kept
from xlcalc.sweeps.expressions import SpecError
from xlcalc.sweeps.spec import Spec
from xlcalc.sweeps.store import Folder

if TYPE_CHECKING:
    from distributed import Client

BLOCK = 50_000  # scenarios of a partition
_SEARCHES = 250  # of a partition: a third of a second of latencies, half a minute of plans
_PARTITIONS = 2_000  # of a sweep that searches, before partitions become larger
_PAYS = 15.0  # seconds of work that are worth starting other processes
_RETRIES = 3
_AHEAD = 3  # blocks that wait for a worker
# what Dask's processes ask of themselves all the time, for pages that nobody looks at: on a busy machine that was a
# quarter of the processor time of a worker
_QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
}
Progress = Callable[[int, int, int], None]  # scenarios done, in all, and those with an error


class Task(NamedTuple):
    """What a worker is told: the sweep, its folder, where the block stands, and a table's rows as an Arrow stream."""

    described: str
    fingerprint: str
    folder: str
    start: int
    stop: int
    rows: bytes | None = None


class Sweep(NamedTuple):
    """The answer: how many scenarios, how many meet the conditions and have an error, the best, the groups."""

    spec: Spec
    scenarios: int
    part: kept.Part
    folder: Folder


def calculate(task: Task) -> kept.Part:
    """Calculate one block, write its partition, and give what it comes to; one that is there is only read."""
    spec, folder = _known(task.described, task.fingerprint, task.folder)
    if folder.has(task.start):
        return kept.part(spec, folder.read(task.start))
    if task.rows is None:
        table = blocks.of_grid(spec, task.start, task.stop)
    else:
        table = blocks.of_table(spec, pyarrow.ipc.open_stream(task.rows).read_all())
    folder.write(task.start, table)
    return kept.part(spec, table)


@lru_cache(4)
def _known(described: str, fingerprint: str, folder: str) -> tuple[Spec, Folder]:
    """The sweep as this process knows it. Raises SpecError where its catalogs or its version are others."""
    spec = Spec(json.loads(described))
    if spec.fingerprint() != fingerprint:
        raise SpecError("a worker has another version of xlcalc or other catalogs than the sweep was started with")
    where = Folder(Path(folder))
    where.check(fingerprint)
    return spec, where


def run(
    spec: Spec,
    folder: Path,
    *,
    table: pyarrow.Table | None = None,
    workers: int | None = None,
    cluster: str = "",
    progress: Progress | None = None,
    block: int | None = None,
) -> Sweep:
    """Calculate all scenarios into partitions of the folder; those that are there are taken as they are.

    Without `workers` other processes are started where the work is long enough to pay for them. Raises SpecError,
    FileError.
    """
    size = spec.size if table is None else len(table)
    fingerprint = spec.fingerprint()
    store = Folder(folder.resolve())
    block = store.claim(fingerprint, size, block or rows_of_block(spec, size))
    starts = range(0, size, block)
    done: list[kept.Part] = []
    begun = time.monotonic()

    def count(part: kept.Part) -> None:
        done.append(part)
        if progress is not None:
            progress(min(size, len(done) * block), size, sum(p.wrong for p in done))

    waiting = tasks(spec, fingerprint, store, size, block, table)
    if not cluster and (workers is None or workers == 1):
        for task in waiting:
            count(calculate(task))
            left = (time.monotonic() - begun) / len(done) * (len(starts) - len(done))
            if workers is None and left > _PAYS and (os.cpu_count() or 1) > 1:
                break
    if len(done) < len(starts):
        with client(workers, cluster) as connected:
            distributed(connected, waiting, count)
    store.agree()
    return Sweep(spec, size, kept.joined(spec, done), store)


def rows_of_block(spec: Spec, size: int) -> int:
    """Scenarios of a partition, fewer where they are slow: progress, other workers and a restart begin with a block."""
    return min(BLOCK, max(_SEARCHES * spec.alike, size // _PARTITIONS)) if spec.alike else BLOCK


def tasks(
    spec: Spec, fingerprint: str, store: Folder, size: int, block: int, table: pyarrow.Table | None
) -> Iterator[Task]:
    """The blocks of a sweep, those of a table with their rows."""
    described = json.dumps(spec.described)
    for start in range(0, size, block):
        stop = min(start + block, size)
        rows = None if table is None else _stream(table.slice(start, stop - start))
        yield Task(described, fingerprint, str(store.path), start, stop, rows)


def _stream(rows: pyarrow.Table) -> bytes:
    """Rows as a worker reads them; a pickle of a part of a table would hold all of the table."""
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return bytes(sink.getvalue().to_pybytes())


def distributed(connected: Client, tasks: Iterator[Task], count: Callable[[kept.Part], None]) -> None:
    """Have the workers calculate blocks, a few ahead of what each is at; `count` is told what each comes to."""
    from distributed import as_completed

    def send(n: int) -> list[Any]:
        return [connected.submit(calculate, task, pure=False, retries=_RETRIES) for task in islice(tasks, n)]

    running = as_completed(send(_AHEAD * max(1, sum(connected.nthreads().values()))), with_results=True)
    for _, part in running:
        count(part)
        running.update(send(1))


@contextmanager
def client(workers: int | None, cluster: str) -> Iterator[Client]:
    """A cluster of this machine's cores, or a connection to one that somebody runs."""
    import dask
    from distributed import Client, LocalCluster

    if cluster:
        with Client(cluster, timeout="20s") as connected:
            yield connected
        return
    n = workers or os.cpu_count() or 1
    with (
        dask.config.set(_QUIET),
        LocalCluster(
            n_workers=n, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=logging.CRITICAL
        ) as local,
        Client(local) as connected,
    ):
        yield connected
