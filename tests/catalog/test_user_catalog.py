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


def test_a_price_of_ones_own_is_that_of_plans_though_a_later_list_is_in_the_catalog(tmp_path):
    (tmp_path / "prices.csv").write_text(
        "id,accelerator,accelerators,on_demand_usd_per_hour\naws/p5.48xlarge/us-east-1,h100-sxm,8,31.5\n"
    )
    plan = run(tmp_path, "call", "LLM_SERVE_PLAN", "llama-3.1-8b", "h100-sxm", "1000", "200", "--json").stdout
    headers, first, *_ = json.loads(plan)
    assert first[headers.index("USD/accelerator-hour")] == 31.5 / 8


def test_what_is_no_model_changes_nothing(tmp_path, config):
    folder = tmp_path / "catalog"
    config.write_text('{"model_type": "llama", "hidden_size": -1}')
    done = run(folder, "models", "add", config, "--id", "x")
    assert done.returncode == 1 and "hidden_size" in done.stderr and "Traceback" not in done.stderr
    assert not folder.exists()
    assert run(folder, "models", "add", config, "--id", "../x").returncode == 1
    assert run(folder, "models", "ad", config).returncode == 1


def test_a_broken_file_is_said(tmp_path):
    (tmp_path / "prices.csv").write_text("id,provider,price\naws,1,2\n")
    done = run(tmp_path, "call", "LLM_PRICE", "aws/p5.48xlarge/us-east-1")
    assert done.returncode == 1 and "prices.csv, line 1: has a column price" in done.stderr
    assert "Traceback" not in done.stderr
    (tmp_path / "accelerators.csv").write_text("id,memory_gb\nours,-96\n")
    done = run(tmp_path, "call", "LLM_HARDWARE", "h100-sxm", "memory")
    assert "accelerators.csv, line 2, column memory_gb: must be above 0" in done.stderr


def test_a_model_without_its_configuration_is_said(tmp_path):
    (tmp_path / "models.csv").write_text("id,name\nours,Ours\n")
    done = run(tmp_path, "call", "LLM_PARAMS", "ours")
    assert done.returncode == 1 and "a row ours without its configs/ours.json" in done.stderr


class TestAdd:
    def test_an_accelerator(self, tmp_path):
        folder = tmp_path / "catalog"
        said = run(folder, "hardware", "add", "our-chip", "peak_bf16_tflops=500", "memory_gb=96").stdout
        assert said == f"1 added, 0 replaced: {folder / 'accelerators.csv'}\n"
        assert run(folder, "call", "LLM_HARDWARE", "Our Chip", "memory").stdout == "96000000000\n"
        said = run(folder, "hardware", "add", "our-chip", "peak_bf16_tflops=600", "memory_gb=96").stdout
        assert said.startswith("0 added, 1 replaced")
        assert run(folder, "call", "LLM_HARDWARE", "our-chip", "peak_bf16").stdout == "600000000000000\n"
        assert "\nour-chip\t" in run(folder, "hardware").stdout  # and the catalog can still be listed

    def test_a_price_wins_though_it_names_a_source(self, tmp_path):
        place = "aws/p5.48xlarge/us-east-1"
        done = run(tmp_path, "prices", "add", place, "accelerator=h100-sxm", "accelerators=8",
                   "on_demand_usd_per_hour=31.5", "source=contract 42", "as_of=2020-01-01")  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert run(tmp_path, "call", "LLM_PRICE", place).stdout == "31.5\n"
        assert "contract 42" in run(tmp_path, "call", "LLM_SOURCE", place).stdout

    def test_a_file_of_excel(self, tmp_path):
        folder, file = tmp_path / "catalog", tmp_path / "contract.csv"
        header = b"\xef\xbb\xbfid,on_demand_usd_per_hour,accelerator,accelerators\r\n"
        file.write_bytes(header + b"us/a/x,10,h100-sxm,8\r\nus/b/x,20,,\r\n,,,\r\n")
        assert run(folder, "prices", "add", file).stdout.startswith("2 added")
        assert run(folder, "call", "LLM_PRICE", "us/b/x").stdout == "20.0\n"

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            (["us/a/x", "on_demand_usd_per_hour=-1"], "must be above 0"),
            (["us/a/x", "on_demand_usd_per_hour=1,5"], "must be a number"),
            (["us/a/x", "on_demand_usd=1"], "did you mean on_demand_usd_per_hour"),
            (["us/a/x", "on_demand_usd_per_hour=1", "accelerator=h100-sx", "accelerators=1"], "did you mean h100-sxm?"),
            (["us/a/x", "on_demand_usd_per_hour=1", "accelerator=h100-sxm", "accelerators=0"], "must be above 0"),
            (["us/a/x"], "has no price"),
            (["somewhere", "on_demand_usd_per_hour=1"], "is provider/instance/region"),
            (["us/a/x", "31.5"], "COLUMN=VALUE"),
            (["our-chip", "memory_gb=96", "memory_gb=97"], "column memory_gb is given twice, as 96 and as 97"),
            (["our-chip", "memory_gb=96", "id=other"], "column id is given twice"),
            (["our-chip", "memory_gb=96", "released=2030-13-45"], "must be a date as 2026-11-24, 2026-11 or 2026"),
            (["our-chip", "memory_gb=96", "released=2030-"], "column released: must be a date"),
            (["our chip", "memory_gb=96"], "an id has lower-case letters"),
        ],
    )
    def test_what_cannot_be_changes_nothing(self, tmp_path, row, said):
        done = run(
            tmp_path / "catalog", "prices" if "/" in row[0] or row[0] == "somewhere" else "hardware", "add", *row
        )
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
        assert not (tmp_path / "catalog").exists()

    def test_files_can_be_read_by_others_and_keep_their_mode(self, tmp_path, config):
        run(tmp_path, "models", "add", config, "--id", "ours")
        mask = os.umask(0)
        os.umask(mask)
        for path in (tmp_path / "models.csv", tmp_path / "configs" / "ours.json"):
            assert path.stat().st_mode & 0o777 == 0o666 & ~mask
        (tmp_path / "models.csv").chmod(0o640)
        run(tmp_path, "models", "add", config, "--id", "others")
        assert (tmp_path / "models.csv").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (b'{"model_type": "llama", ', "no JSON in UTF-8"),
        (b"\xff\xfe{", "no JSON in UTF-8"),
        (b"null", "no configuration"),
    ],
)
def test_a_configuration_that_is_no_json_is_named(tmp_path, config, said):
    (tmp_path / "configs").mkdir()
    (tmp_path / "models.csv").write_text("id,name\nour-1b,Ours\n")
    (tmp_path / "configs" / "our-1b.json").write_bytes(config)
    done = run(tmp_path, "call", "LLM_PARAMS", "our-1b")
    assert done.returncode == 1 and f"{tmp_path / 'configs' / 'our-1b.json'}: is {said}" in done.stderr
