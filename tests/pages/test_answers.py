"""What a form and the task pane get: values, ranges, formulas that give the value again, refusals, nothing but text."""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.language.renderings import example_arguments
from xlcalc.pages import cell_formula, questions
from xlcalc.pages.answers import answer, formula_text, of_formula

KV = {"model": "llama-3.1-8b", "context": "8192"}


def test_what_was_typed_is_read_as_a_cell_would_hold_it():
    given = answer("LLM_KV_CACHE", {**KV, "dtype": "", "unit": "GiB"})
    assert given["value"] == [[1]] and given["error"] == ""  # 2 x 32 x 8 x 128 x 2 bytes x 8192
    assert given["formula"] == '=LLM_KV_CACHE("llama-3.1-8b", 8192, , , "GiB")'


def test_rows_copied_from_a_sheet_are_a_block():
    block = "\n".join("\t".join(map(str, row)) for row in xlcalc.LLM_MODEL("llama-3.1-8b")[1:])
    assert answer("LLM_PARAMS", {"model": block})["value"] == [[8030261248]]


def test_a_column_copied_from_a_sheet_is_a_range_and_a_configuration_is_not():
    given = answer("LLM_KV_CACHE", {**KV, "context": "8192\n16384", "unit": "GiB"})
    assert given["value"] == [[1], [2]] and given["formula"].startswith('=LLM_KV_CACHE("llama-3.1-8b", {8192;16384}')
    config = '{\n\t"model_type": "gpt2", "n_layer": 12, "n_embd": 768,\n\t"n_head": 12, "vocab_size": 50257\n}'
    assert answer("LLM_PARAMS", {"model": config})["value"] == [[124439808]]  # OpenAI's GPT-2


def test_a_search_without_a_result_says_so():
    assert "Nothing was found." in answer("LLM_MODELS", {"search": "no such thing"})["html"]


def test_a_range_is_that_of_the_estimate():
    call = {"model": "llama-3.1-8b", "accelerator": "h100-sxm", "count": "1", "context": "1024", "unit": "ms"}
    low, high = (xlcalc.LLM_ESTIMATE_BOUND("LLM_TPOT", end, *list(call.values())[:4]) * 1e3 for end in ("low", "high"))
    shown = answer("LLM_TPOT", call)["html"]
    assert f"{low:.6g} to {high:.6g}" in shown and "measured cases" in shown


@pytest.mark.parametrize(("name", "given", "said"), [
    ("LLM_KV_CACHE", {"model": "llama-3.1-8b"}, "context is required"),
    ("LLM_KV_CACHE", {**KV, "context": "-1"}, "context must be"),
    ("LLM_KV_CACHE", {**KV, "size": "1"}, "has no argument"),
    ("LLM_NOTHING", {}, "no function LLM_NOTHING"),
])  # fmt: skip
def test_a_refusal_is_an_answer(name, given, said):
    refused = answer(name, given)
    assert said in refused["error"] and said in refused["html"] and str(refused["value"]).startswith("#")


@pytest.mark.parametrize("typed", ["1e400", "-1e400", "9" * 309, "9" * 5000])
def test_a_number_that_no_cell_holds_is_the_text_that_was_typed(typed):
    refused = answer("LLM_KV_CACHE", {**KV, "context": typed})
    assert "context must be a number of tokens, 0 or more" in refused["error"]
    assert refused["formula"] == f'=LLM_KV_CACHE("llama-3.1-8b", "{typed}")'


@pytest.mark.parametrize("hostile", ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>'])
def test_text_never_becomes_markup(hostile):
    for given in ({"model": hostile, "context": "1"}, {**KV, "unit": hostile}, {**KV, hostile: "1"}):
        assert (
            "<img" not in answer("LLM_KV_CACHE", given)["html"]
            and "<script" not in answer("LLM_KV_CACHE", given)["html"]
        )


@pytest.mark.parametrize("formula", [
    "=LLM_KV_CACHE(A1, 8192)", "=ROUND(_xldudf_LLM_KV_CACHE(A1,8192)/2,0)", "=[1]!LLM_KV_CACHE(A1,8192)",
    "=FIN.LLM_KV_CACHE(A1,8192,,,)", "=ORG.XLCALC.ADDIN.LLM_KV_CACHE(A1,8192)", "=IFERROR(llm_kv_cache(A1,8192),0)",
])  # fmt: skip
def test_a_cell_of_any_host_is_explained(formula):
    assert of_formula(formula, None) == {"needs": ["A1"]}
    explained = of_formula(formula, {"A1": [["llama-3.1-8b"]]})
    assert explained["name"] == "LLM_KV_CACHE" and explained["value"] == [[1073741824]]
    assert "Pope et al. 2022" in explained["html"]


def test_calls_inside_a_call_are_calculated():
    call = cell_formula.parse('=LLM_GPU_HOURS(LLM_TRAIN_FLOPS("llama-3.1-8b", 15E12), "h100-sxm", B2)')
    expected = xlcalc.LLM_GPU_HOURS(xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", 15e12), "h100-sxm", 0.4)
    assert call.value({"B2": 0.4}.get) == expected


@pytest.mark.parametrize(("formula", "said"), [
    ("12", "no formula"), ("=SUM(A1:A3)", "no LLM_ function"), ("=LLM_PARAMS(A1&B1)", "argument 1 of LLM_PARAMS is an expression"),
    ("=LLM_LOSS(8E9, 15E12*2)", "argument 2 of LLM_LOSS is an expression"), ("=LLM_LOSS(8E9, -B2)", "argument 2 of LLM_LOSS is an expression"), ("=LLM_LOSS(8E9, 50%)", "expression"), ("=LLM_PARAMS(", "expression"), ("=LLM_PARAMS((((", "expression"),
    ('=LLM_PARAMS("llama', "quote or a bracket"), ("=LLM_PARAMS('Sheet 1!A1)", "quote or a bracket"),
    ("=LLM_PARAMS(A1))", "quote or a bracket"),
    ("=LLM_WHAT(1)", "no function LLM_WHAT"), ('=LLM_LOSS(1,2,"kaplan",4,5,6)', "takes at most"),
])  # fmt: skip
def test_what_cannot_be_explained_is_refused(formula, said):
    assert said in of_formula(formula, {})["error"]


def test_every_question_has_an_answer_and_every_function_a_question():
    asked = questions.asked()
    assert len(asked) >= 40 and len({q.text for q in asked}) == len(asked)
    for question in asked:
        assert question.answer() and question.href("server").startswith(question.functions[0]), question
    assert {f.name for f in xlcalc.functions()} == {n for q in asked for n in q.functions}


def test_every_function_that_takes_arguments_has_two_examples():
    for function in xlcalc.functions():
        documented = formula_text(function, example_arguments(function)).replace(" ", "").rstrip(",")
        asked = {q.formula.replace(" ", "") for q in questions.asked() if function.name in q.functions}
        assert len({documented, *asked}) >= 2 or not function.arguments, function.name


@pytest.mark.parametrize(("words", "function"), [
    ("how much VRAM do I need for llama 70b", "LLM_SERVE_MEMORY"), ("tokens per second on a 4090", "LLM_THROUGHPUT"),
    ("can my macbook run a 13B", "LLM_MIN_GPUS"), ("co2 emissions", "LLM_CARBON"),
    ("how many concurrent users", "LLM_MAX_BATCH"), ("compare openai price with my own server", "LLM_OWN_SHARE"),
    ("gradient checkpointing memory", "LLM_TRAIN_MEMORY"), ("parallelism layout for a cluster", "LLM_TRAIN_PLAN"),
    ("how reliable are the numbers", "LLM_ACCURACY"), ("reserved instance price 3 years", "LLM_PRICE"),
    ("cost of training a 7B model", "LLM_TRAIN_COST"), ("chinchilla", "LLM_LOSS"), ("what is MFU", "LLM_MFU"),
    ("disaggregated prefill", "LLM_FLEET"), ("electricity bill", "LLM_ENERGY"), ("node failure", "LLM_TRAIN_TIME_ACTUAL"),
    ("which gpu should i buy", "LLM_BREAKEVEN"), ("quantize to 4 bit", "LLM_WEIGHTS"),
])  # fmt: skip
def test_words_that_people_use_lead_to_a_function_first(words, function):
    assert questions.like(words)[0].functions[0] == function
