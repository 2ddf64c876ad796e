"""The awkward arguments: what a cell can hold that is not quite what was meant."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

import xlcalc
from xlcalc import CalcError

KV = xlcalc.LLM_KV_CACHE
TOKEN = 131072  # bytes a token of llama-3.1-8b in bf16: 32 layers x 2 x 8 heads x 128 x 2


def code(*args, function=KV, **kwargs):
    """The error code of a call that must fail, after checking that its sentence names the function."""
    with pytest.raises(CalcError) as caught:
        function(*args, **kwargs)
    assert caught.value.function == function.name and function.name in str(caught.value)
    return caught.value.code


class TestOneValue:
    def test_blank_and_empty_text_are_the_default_and_zero_is_not(self):
        assert KV("llama-3.1-8b", 8, None) == KV("llama-3.1-8b", 8, "") == KV("llama-3.1-8b", 8, "  ") == 8 * TOKEN
        assert KV("llama-3.1-8b", 0) == 0
        assert code("llama-3.1-8b", 8, 0) == "#NUM!"

    def test_blank_required_argument_is_refused(self):
        with pytest.raises(CalcError, match=r"context is required, and is blank: give a number of tokens"):
            KV("llama-3.1-8b", None)
        assert code(None, 8) == "#VALUE!"

    def test_true_is_not_a_number(self):
        assert code("llama-3.1-8b", True) == "#VALUE!"
        assert code("llama-3.1-8b", np.True_) == "#VALUE!"

    def test_number_stored_as_text(self):
        assert KV("llama-3.1-8b", " 8192 ") == KV("llama-3.1-8b", "8.192e3") == KV("llama-3.1-8b", "8192\u00a0")
        for text in ("8,192", "8k", "nan", "inf", "1_000", "0x10", "８", "--8", "eight"):
            assert code("llama-3.1-8b", text) == "#VALUE!", text

    def test_date_is_not_a_number(self):
        with pytest.raises(CalcError, match="the date 2026-11-24"):
            KV("llama-3.1-8b", datetime.date(2026, 11, 24))
        assert code("llama-3.1-8b", datetime.datetime(2026, 11, 24)) == "#VALUE!"

    def test_negative_zero_huge_fractional(self):
        assert code("llama-3.1-8b", -1) == "#NUM!"
        assert KV("llama-3.1-8b", 0.5) == TOKEN / 2
        assert code("llama-3.1-8b", 8, 1.5) == "#NUM!"
        assert code("llama-3.1-8b", 1e308) == "#NUM!"
        assert code("llama-3.1-8b", float("inf")) == code("llama-3.1-8b", float("nan")) == "#NUM!"

    def test_integers_above_2_to_53_stay_exact(self):
        n = 2**53 + 1
        assert KV("llama-3.1-8b", n) == n * TOKEN
        assert KV("llama-3.1-8b", str(n)) == n * TOKEN
        assert KV("llama-3.1-8b", float(2**60)) == 2**60 * TOKEN

    def test_other_number_types(self):
        assert KV("llama-3.1-8b", np.float32(8)) == KV("llama-3.1-8b", np.int64(8)) == 8 * TOKEN
        assert KV("llama-3.1-8b", decimal.Decimal(8)) == 8 * TOKEN

    def test_text_case_spaces_and_no_break_spaces(self):
        for name in ("Llama 3.1 8B", " LLAMA-3.1-8B", "llama\u00a03.1\u00a08b", "meta-llama/Llama-3.1-8B"):
            assert xlcalc.LLM_PARAMS(name) == 8030261248, name
        assert xlcalc.LLM_PARAMS("llama-3.1-8b", " Non-Embedding ") == 6979588096
        assert KV("llama-3.1-8b", 8, 1, "BF16") == KV("llama-3.1-8b", 8, 1, 16) == 8 * TOKEN

    def test_unknown_names_offer_the_nearest(self):
        with pytest.raises(
            CalcError, match=r'"llama-3.1-9b" is not in the catalog; the closest are .*llama-3.1-8b'
        ) as e:
            KV("llama-3.1-9b", 8)
        assert (e.value.code, e.value.argument) == ("#N/A", "model")
        with pytest.raises(CalcError, match="did you mean embedding"):
            xlcalc.LLM_PARAMS("llama-3.1-8b", "embeding")
        with pytest.raises(CalcError, match=r"ambiguous: it could be a100"):
            xlcalc.LLM_HARDWARE("A100")

    def test_an_error_cell_passes_through(self):
        for error in ("#N/A", "#DIV/0!", "#REF!"):
            assert code("llama-3.1-8b", error) == error
        failed = CalcError("#NUM!", "was bad")
        assert code("llama-3.1-8b", failed) == "#NUM!"

    def test_units(self):
        assert KV("llama-3.1-8b", 8192, unit="GiB") == 1
        assert KV("llama-3.1-8b", 8192, None, None, "gib") == 1
        with pytest.raises(CalcError, match=r"unit must be a unit of bytes .*; got 'days'"):
            KV("llama-3.1-8b", 8192, unit="days")
        assert code("llama-3.1-8b", 8192, unit="Gb") == "#VALUE!"

    def test_calls_that_do_not_fit(self):
        with pytest.raises(CalcError, match="takes at most 5 arguments; got 6"):
            KV("llama-3.1-8b", 8, 1, "bf16", "GB", 1)
        with pytest.raises(CalcError, match="has no argument 'ctx'"):
            KV("llama-3.1-8b", ctx=8)
        with pytest.raises(CalcError, match="context is given twice"):
            KV("llama-3.1-8b", 8, context=8)


class TestRanges:
    def test_row_column_and_table(self):
        assert KV("llama-3.1-8b", [[1, 2]]) == [[TOKEN, 2 * TOKEN]]
        assert KV("llama-3.1-8b", [[1], [2]]) == [[TOKEN], [2 * TOKEN]]
        assert KV("llama-3.1-8b", [[1, 2]], [[1], [2]]) == [[TOKEN, 2 * TOKEN], [2 * TOKEN, 4 * TOKEN]]

    def test_one_cell_range_is_that_cell(self):
        assert KV([["llama-3.1-8b"]], [[1, 2]]) == [[TOKEN, 2 * TOKEN]]
        assert KV("llama-3.1-8b", ((1,),)) == [[TOKEN]]

    def test_one_bad_element_gives_one_error(self):
        ok, bad, blank = KV("llama-3.1-8b", [[8, "x", None]])[0]
        assert ok == 8 * TOKEN
        assert (bad.code, blank.code) == ("#VALUE!", "#VALUE!")

    def test_blank_in_an_optional_range_is_the_default(self):
        assert KV("llama-3.1-8b", 8, [[None, 2]]) == [[8 * TOKEN, 16 * TOKEN]]

    def test_ranges_that_do_not_fit_end_in_na(self):
        row = KV("llama-3.1-8b", [[1, 2, 3]], [[1, 1]])[0]
        assert row[:2] == [TOKEN, 2 * TOKEN] and row[2].code == "#N/A"

    def test_empty_and_ragged_ranges_are_refused(self):
        assert code("llama-3.1-8b", []) == code("llama-3.1-8b", [[]]) == "#VALUE!"
        assert code("llama-3.1-8b", [[1, 2], [3]]) == "#VALUE!"

    def test_whole_column(self):
        column = [[1], [2], [None], [4]] + [[None]] * (1_048_576 - 4)
        result = KV("llama-3.1-8b", column)
        assert [r[0] if isinstance(r[0], int) else r[0].code for r in result] == [
            TOKEN,
            2 * TOKEN,
            "#VALUE!",
            4 * TOKEN,
        ]

    def test_whole_columns_side_by_side_keep_their_rows(self):
        contexts = [[1], [2], [3]] + [[None]] * (1_048_576 - 3)
        batches = [[None], [2]] + [[None]] * (1_048_576 - 2)
        assert KV("llama-3.1-8b", contexts, batches) == [[TOKEN], [4 * TOKEN], [3 * TOKEN]]

    def test_tables_refuse_ranges(self):
        result = xlcalc.LLM_PARAMS_TABLE([["llama-3.1-8b"], ["gpt2"]])
        assert [row[0].code for row in result] == ["#VALUE!", "#VALUE!"]

    def test_a_table_takes_one_cell_ranges(self):
        assert xlcalc.LLM_PARAMS_TABLE([["gpt2"]]) == xlcalc.LLM_PARAMS_TABLE("gpt2")

    def test_the_container_comes_back(self):
        flat = KV("llama-3.1-8b", [1, 2])
        assert flat == [TOKEN, 2 * TOKEN]
        array = KV("llama-3.1-8b", np.array([[1, 2]]))
        assert isinstance(array, np.ndarray) and array.shape == (1, 2) and array.dtype.kind == "i"
        assert KV("llama-3.1-8b", np.array(3)) == 3 * TOKEN
        series = KV("llama-3.1-8b", pd.Series([1, 2], index=["a", "b"], name="n"))
        assert isinstance(series, pd.Series) and list(series.index) == ["a", "b"] and series["b"] == 2 * TOKEN
        table = KV("llama-3.1-8b", pd.DataFrame({"x": [1, 2], "y": [3, -1]}))
        assert isinstance(table, pd.DataFrame) and list(table.columns) == ["x", "y"]
        assert table["x"][1] == 2 * TOKEN and table["y"][1].code == "#NUM!"


class TestBlocks:
    BLOCK = [
        ["My model", None],
        [None, None],
        ["Model type", "llama"],
        ["n_layers:", "32"],
        ["d_model", 4096.0],
        ["N heads", 32],
        ["n_kv_heads", " 8 "],
        ["d_ff", 14336],
        ["vocab", 128256],
        ["tied embeddings", "FALSE"],
        ["owner", "finance"],
        ["", ""],
    ]

    def test_blank_rows_extra_rows_and_text_numbers(self):
        assert xlcalc.LLM_PARAMS(self.BLOCK) == 8030261248
        assert KV(self.BLOCK, 8192) == 2**30

    def test_two_rows_work_as_two_columns_do(self):
        rows = [list(row) for row in zip(*self.BLOCK, strict=True)]
        assert xlcalc.LLM_PARAMS(rows) == 8030261248

    def test_a_slip_in_a_label_is_refused(self):
        slipped = [["n_kv_head_s" if row[0] == "n_kv_heads" else row[0], row[1]] for row in self.BLOCK]
        with pytest.raises(CalcError, match="did you mean n_kv_heads"):
            KV(slipped, 8192)

    def test_missing_fields_are_all_named(self):
        short = [row for row in self.BLOCK if row[0] not in ("d_ff", "d_model", "vocab")]
        with pytest.raises(CalcError, match=r"lacks hidden_size, vocab_size|lacks intermediate_size"):
            xlcalc.LLM_PARAMS([row for row in short if row[0] != "Model type"])

    def test_impossible_values_are_refused(self):
        for value in (-1, 0, 1.5, "many", True, datetime.date(2026, 1, 1)):
            wrong = [["n_layers", value] if row[0] == "n_layers:" else row for row in self.BLOCK]
            assert code(wrong, 8) == "#VALUE!", value

    def test_an_id_stands_behind_the_block(self):
        changed = [["id", "llama-3.1-8b"], ["n_layers", 33]]
        assert xlcalc.LLM_PARAMS(changed) == 8030261248 + (8030261248 - 2 * 525336576 - 4096) // 32

    @pytest.mark.parametrize(
        "name",
        ["llama-3.1-8b", "gpt2", "deepseek-v3", "mixtral-8x7b", "gemma-4-26b-a4b", "longcat-flash", "lfm3-1.7b",
         "Qwen/Qwen3-235B-A22B-FP8"],
    )  # fmt: skip
    def test_a_spilled_model_reads_back_as_itself(self, name):
        block = xlcalc.LLM_MODEL(name)
        for part in ("total", "active"):
            assert xlcalc.LLM_PARAMS(block, part) == xlcalc.LLM_PARAMS(name, part)
        assert xlcalc.LLM_WEIGHTS(block) == xlcalc.LLM_WEIGHTS(name)
        assert KV(block, 1000) == KV(name, 1000)

    def test_a_spilled_accelerator_reads_back_as_itself(self):
        block = xlcalc.LLM_HARDWARE("h100-sxm")
        assert xlcalc.LLM_TRAIN_TIME(1e21, block, 8) == xlcalc.LLM_TRAIN_TIME(1e21, "h100-sxm", 8)
        larger = [[field, 160e9 if field == "memory" else value] for field, value in block]
        assert xlcalc.LLM_HARDWARE(larger, "usable") == 2 * xlcalc.LLM_HARDWARE("h100-sxm", "usable")
        own = [["name", "Ours"], ["peak_bf16_tflops", 500], ["memory_gb", 96]]
        assert xlcalc.LLM_HARDWARE(own, "memory") == 96e9
        with pytest.raises(CalcError, match="has no published fp8 peak"):
            xlcalc.LLM_TRAIN_TIME(1e21, own, 8, None, "fp8")


def test_a_peak_stored_as_text():
    assert xlcalc.LLM_GPU_HOURS(2.4e23, "312e12", 0.3) == xlcalc.LLM_GPU_HOURS(2.4e23, 312e12, 0.3)


class TestModels:
    def test_text_dict_and_file(self, tmp_path):
        text = '{"model_type": "gpt2"}'
        path = tmp_path / "config.json"
        path.write_text(text)
        assert (
            xlcalc.LLM_PARAMS(text) == xlcalc.LLM_PARAMS({"model_type": "gpt2"}) == xlcalc.LLM_PARAMS(path) == 124439808
        )

    def test_what_is_no_configuration_is_said(self, tmp_path):
        assert code("{not json", 8) == "#VALUE!"
        assert code(tmp_path / "none.json", 8) == "#VALUE!"

    def test_an_unknown_family_is_an_estimate_and_says_so(self):
        config = {"model_type": "never-heard-of", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
                  "intermediate_size": 128, "vocab_size": 1000}  # fmt: skip
        assert xlcalc.LLM_MODEL(config, "count") == "estimate"
        assert any("estimate" in str(row[0]) for row in xlcalc.LLM_PARAMS_TABLE(config))
        assert xlcalc.LLM_MODEL("llama-3.1-8b", "count") == "exact"
        with pytest.raises(CalcError, match="lacks num_hidden_layers, vocab_size"):
            xlcalc.LLM_PARAMS({"model_type": "never-heard-of", "hidden_size": 64, "num_attention_heads": 4})

    def test_a_number_where_only_a_count_is_needed(self):
        assert xlcalc.LLM_TRAIN_FLOPS(70e9, 1e12) == 6 * 70e9 * 1e12
        assert xlcalc.LLM_TRAIN_FLOPS("70e9", 1e12) == 6 * 70e9 * 1e12
        with pytest.raises(CalcError, match="needs a model with its layers"):
            xlcalc.LLM_TRAIN_FLOPS(70e9, 1e12, 2048)
        assert code(70e9, 8) == "#VALUE!"
