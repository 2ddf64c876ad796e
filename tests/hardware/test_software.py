"""Engines and frameworks by name."""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.catalog import tables
from xlcalc.hardware import software
from xlcalc.hardware.software import SERVING, SOFTWARE, TRAINING
from xlcalc.language.cells import Refusal
from xlcalc.language.kinds import ServingSoftware, TrainingSoftware
from xlcalc.pages import reference

KIND = {TRAINING: TrainingSoftware.__metadata__[0], SERVING: ServingSoftware.__metadata__[0]}


def test_what_was_measured_has_a_name():
    for row in tables.rows("measured"):
        does = TRAINING if row["function"].startswith(("LLM_STEP", "LLM_TRAIN", "LLM_FINETUNE")) else SERVING
        assert KIND[does].read(row["software"]) == row["software"]


def test_names_are_of_one_job_and_end_in_any():
    for name, one in SOFTWARE.items():
        assert software.lineage(name)[-1] == ""
        assert all(set(one.does) <= set(SOFTWARE[other].does) for other in software.lineage(name)[:-1])


def test_the_reference_says_what_each_name_means_and_changes():
    page = reference.as_markdown()
    for name, one in SOFTWARE.items():
        assert f"| `{name}` | {one.about} |" in page
    assert "block: 16 tokens" in page and "shards inside: yes" in page


@pytest.mark.parametrize(("does", "text"), [(TRAINING, "vllm"), (SERVING, "megatron"), (SERVING, "tensorflow")])
def test_another_jobs_or_an_unknown_software_is_refused_with_the_choices(does, text):
    with pytest.raises(Refusal, match=", ".join(software.names(does)[:3])):
        KIND[does].read(text)
    assert KIND[SERVING].read("TensorRT LLM") == "tensorrt-llm"


@pytest.mark.parametrize(
    ("function", "call", "software"),
    [
        ("LLM_THROUGHPUT", ("llama-3.1-8b", "tpu-v5p", 1, 1000, 1000), "tensorrt-llm"),
        ("LLM_THROUGHPUT", ("llama-3.1-8b", "h100-sxm", 1, 1000, 1000), "neuron"),
        ("LLM_MAX_BATCH", ("llama-3.1-8b", "mi300x", 1, 1000), "tensorrt-llm"),
        ("LLM_STEP_TIME", ("llama-3.1-8b", "tpu-v5p", 8, 8, 8192), "megatron"),
    ],
)
def test_software_is_refused_where_it_does_not_run(function, call, software):
    with pytest.raises(xlcalc.CalcError, match=f"software {software} runs on accelerators of .*, not of "):
        getattr(xlcalc, function)(*call, software=software)
