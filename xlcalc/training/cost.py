"""The bill of a training run, line by line."""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import ceil, term, where
from xlcalc.training.failures import DAY, actual_time, lost_share

MONTH = 365 * DAY / 12


class TrainCost(NamedTuple):
    """USD of each line. The accelerators are paid for the whole wall-clock time; failures show which part they took."""

    compute: float
    failures_downtime: float
    failures_recomputation: float
    storage: float
    experiments: float

    @property
    def total(self) -> float:
        return sum(self)


def train_cost(
    *,
    ideal_time: float,
    count: float,
    usd_per_hour: float,
    node_size: float,
    node_failures_per_day: float,
    recovery_time: float,
    checkpoint_interval: float,
    checkpoint_bytes: float,
    dataset_bytes: float,
    storage_usd_per_gb_month: float,
    experiment_gpu_hours: float,
) -> TrainCost:
    """Cost of a run: accelerators for the wall-clock time, storage, experiments.

        compute = T_ideal n p; failures = (T - T_ideal) n p; storage = (D + k c / 2) T p_s, k checkpoints in time T

    Checkpoints are all kept, so storage holds half of them on average, and the dataset, for the wall-clock time.

    Args:
        ideal_time: seconds without failures, T_ideal [s]
        count: accelerators n [count]
        usd_per_hour: price p of one [USD/hour]
        node_size: accelerators that fail together [count]
        node_failures_per_day: failures of one node [1/day]
        recovery_time: from a failure to training again [s]
        checkpoint_interval: between checkpoints [s], above 0
        checkpoint_bytes: of one checkpoint, c [bytes]
        dataset_bytes: of the training data, D [bytes]
        storage_usd_per_gb_month: price of storage p_s [USD/GB-month]
        experiment_gpu_hours: of experiments beside the run [accelerator-hours]

    Raises ValueError where failures come faster than work is done. Source: JGalego/llm-calc, training page; storage
    there is paid for the ideal time in months of 30.25 days.

    >>> run = train_cost(ideal_time=3600, count=8, usd_per_hour=2.0, node_size=8, node_failures_per_day=0,
    ...     recovery_time=0, checkpoint_interval=3600, checkpoint_bytes=0, dataset_bytes=0, storage_usd_per_gb_month=0,
    ...     experiment_gpu_hours=10)
    >>> run.compute, run.experiments, run.total
    (16.0, 20.0, 36.0)
    """
    nodes = term("nodes", ceil(count / node_size), "count")
    recovery, repeated = lost_share(nodes, node_failures_per_day, recovery_time, checkpoint_interval)
    wall = term("wall-clock time", actual_time(ideal_time, recovery + repeated), "seconds")
    usd_per_second = term("price of all accelerators", count * usd_per_hour / 3600, "USD/second")
    checkpoints = term("checkpoints", where(checkpoint_bytes > 0, lambda: ceil(wall / checkpoint_interval), 0), "count")
    stored_gb = term("stored on average", (dataset_bytes + checkpoints * checkpoint_bytes / 2) / 1e9, "GB")
    return TrainCost(
        compute=ideal_time * usd_per_second,
        failures_downtime=wall * recovery * usd_per_second,
        failures_recomputation=wall * repeated * usd_per_second,
        storage=stored_gb * storage_usd_per_gb_month * wall / MONTH,
        experiments=experiment_gpu_hours * usd_per_hour,
    )
