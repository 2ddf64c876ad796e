"""Serving with weights and cache partly outside the accelerator: streams that overlap, the slowest sets the pace."""

from __future__ import annotations

from xlcalc.formula.arithmetic import allowed, most, term, where
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.memory import sequence_bytes
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import alone, replica

_FLEXGEN = "Sheng et al. 2023 (FlexGen), section 4.3"


def offload_throughput(
    of: Served,
    *,
    host_rate: float,
    disk_rate: float,
    prompt: float,
    output: float,
    batch: float,
    weights_share: float,
    cache_share: float,
) -> float:
    """Output tokens a second of a batch: prefill, then a step a token, each as long as its slowest stream.

        b n / (T_prefill + (n - 1) T_step), T = max(compute, moved / host rate, moved / disk rate)

    Args:
        of: model, formats of weights and cache, accelerator with its rates
        host_rate: between the host's memory and the accelerator [bytes/s], above 0
        disk_rate: from disk [bytes/s]; 0 = nothing lies there
        prompt, output: tokens of each prompt, n of each answer [tokens]
        batch: sequences b [count]
        weights_share, cache_share: of weights and cache that stay on the accelerator [ratio, 0 to 1]

    What is not on the accelerator crosses the host's link in every pass; with a disk rate it lies on disk and crosses
    both. Raises ValueError where what is to stay on the accelerator is more than it holds. Source: Sheng et al. 2023
    (FlexGen), section 4.3, without computing on the host.

    >>> import xlcalc
    >>> round(xlcalc.LLM_OFFLOAD_THROUGHPUT("opt-30b", "t4", 12e9, 0, 512, 32, 144, 0.2, 0), 1)
    9.3
    """
    layout = Layout()
    r = replica(of, layout)
    part = r.part
    weights = term("weights fetched", (1 - weights_share) * part.weights, "bytes", _FLEXGEN)

    def seconds(compute: float, cache: float) -> float:
        moved = weights + (1 - cache_share) * cache
        disk = where(disk_rate > 0, lambda: moved / disk_rate, 0.0)
        return most(most(compute, moved / host_rate), disk)

    prefill = alone(r, 0, 0, batch * prompt, prompt / 2)
    context = prompt + output / 2
    decode = alone(r, batch, context)
    prefill = term("prefill alone", prefill, "seconds", _FLEXGEN)
    decode = term("a decoding step alone", decode, "seconds", _FLEXGEN)
    first = term("prefill", seconds(prefill, batch * sequence_bytes(of, part, prompt)), "seconds", _FLEXGEN)
    each = term("a decoding step", seconds(decode, batch * sequence_bytes(of, part, context)), "seconds", _FLEXGEN)
    stays = weights_share * part.weights + cache_share * batch * sequence_bytes(of, part, prompt + output)
    return allowed(
        stays <= of.on.memory,
        lambda: batch * output / (first + (output - 1) * each),
        lambda: (
            f"keeps {stays / 1e9:.4g} GB of weights and cache on {of.on.name}, which holds "
            f"{of.on.memory / 1e9:.4g} GB: lower weights_gpu, kv_gpu or batch"
        ),
    )
