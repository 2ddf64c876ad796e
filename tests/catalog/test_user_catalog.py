"""The user's own catalog: models, hardware and negotiated prices that win over ours and say so."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

CONFIG = {"model_type": "llama", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 4,
          "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 32000}  # fmt: skip


def run(folder, *arguments):
    environment = os.environ | {"XLCALC_CATALOG": str(folder)}
    code = "from xlcalc.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], env=environment, capture_output=True, text=True
    )


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    return path


def test_a_model_is_added_found_and_replaced(tmp_path, config):
    folder = tmp_path / "catalog"
    first = run(folder, "models", "add", config, "--id", "our-model")
    assert first.returncode == 0 and "our-model: " in first.stdout and "(exact)" in first.stdout, first.stderr
    before = run(folder, "call", "LLM_PARAMS", "Our Model").stdout
    config.write_text(json.dumps(CONFIG | {"num_hidden_layers": 8}))
    run(folder, "models", "add", config, "--id", "our-model")
    after = run(folder, "call", "LLM_PARAMS", "our-model").stdout
    assert int(after) > int(before)
    assert (folder / "models.csv").read_text().count("our-model,our-model") == 1
    assert "the user's config.json" in run(folder, "call", "LLM_SOURCE", "our-model").stdout


def test_own_rows_win_over_ours(tmp_path):
    (tmp_path / "prices.csv").write_text(
        "id,provider,instance,region,on_demand_usd_per_hour,as_of\n"
        "aws/p5.48xlarge/us-east-1,aws,p5.48xlarge,us-east-1,31.5,2026-10-01\n"
    )
    (tmp_path / "accelerators.csv").write_text(
        "id,name,peak_bf16_tflops,memory_gb,as_of\nours,Our chip,500,96,2026-10-01\n"
    )
    assert run(tmp_path, "call", "LLM_PRICE", "aws/p5.48xlarge/us-east-1").stdout == "31.5\n"
    assert "the user's prices.csv" in run(tmp_path, "call", "LLM_SOURCE", "aws/p5.48xlarge/us-east-1").stdout
    assert run(tmp_path, "call", "LLM_HARDWARE", "our chip", "memory").stdout == "96000000000\n"
    assert run(tmp_path, "call", "LLM_HARDWARE", "h100-sxm", "memory").stdout == "80000000000\n"


def test_what_is_no_model_changes_nothing(tmp_path, config):
    folder = tmp_path / "catalog"
    config.write_text('{"model_type": "llama", "hidden_size": -1}')
    done = run(folder, "models", "add", config, "--id", "x")
    assert done.returncode == 1 and "hidden_size" in done.stderr and "Traceback" not in done.stderr
    assert not folder.exists()
    assert run(folder, "models", "add", config, "--id", "../x").returncode == 1
    assert run(folder, "models", "ad", config).returncode == 2


def test_a_broken_file_is_said(tmp_path):
    (tmp_path / "prices.csv").write_text("provider,price\naws,1,2\n")
    done = run(tmp_path, "call", "LLM_PRICE", "aws/p5.48xlarge/us-east-1")
    assert done.returncode == 1 and "prices.csv needs a header with id" in done.stderr
