"""Checkpoints and failures against published runs."""

from __future__ import annotations

import pytest

import xlcalc

DAY = 86400


def test_llama3_goodput():
    """419 unexpected stops in 54 days on 2,048 nodes and more than 90 % effective time: recovery and half an interval
    must then fit in 18.6 minutes. An hour of recovery and hourly checkpoints give half of that goodput."""
    rate = 419 / 54 / 2048
    assert rate == pytest.approx(0.00379, abs=1e-5)
    wall = xlcalc.LLM_TRAIN_TIME_ACTUAL(54 * DAY, 2048, rate, 10 * 60, 17 * 60)
    assert 54 * DAY / wall == pytest.approx(0.90, abs=0.005)
    slow = xlcalc.LLM_TRAIN_TIME_ACTUAL(54 * DAY, 2048, rate, 3600, 3600)
    assert 54 * DAY / slow == pytest.approx(0.515, abs=0.001)


def test_a_run_that_never_finishes_is_said():
    with pytest.raises(xlcalc.CalcError, match="never finishes: failures take 250%") as caught:
        xlcalc.LLM_TRAIN_TIME_ACTUAL(DAY, 10000, 0.002, 2 * 3600, 2 * 3600)
    assert caught.value.code == "#NUM!"


def test_checkpoint_sizes():
    """BLOOM 176B: 2.3 TB, which is 13.1 GB for a billion parameters; nanoGPT's GPT-2: 1,542,470,366 bytes measured."""
    assert xlcalc.LLM_CHECKPOINT_SIZE(176e9, unit="TB") == pytest.approx(2.3, rel=0.08)
    assert xlcalc.LLM_CHECKPOINT_SIZE("gpt2", "adam_fp32") == pytest.approx(1542470366, rel=0.034)
    assert [xlcalc.LLM_CHECKPOINT_SIZE(1e9, one) for one in ("muon", "adam_bf16", "sgd")] == [10e9, 10e9, 6e9]
    assert xlcalc.LLM_CHECKPOINT_SIZE("llama-3.1-8b", "none") == xlcalc.LLM_WEIGHTS("llama-3.1-8b")


def test_young_interval_loses_least():
    write, mtbf = 120.0, 4 * 3600.0
    best = xlcalc.LLM_CHECKPOINT_INTERVAL(write, mtbf)

    def lost(interval):
        return write / interval + interval / 2 / mtbf

    assert lost(best) < lost(best * 1.1) and lost(best) < lost(best / 1.1)
