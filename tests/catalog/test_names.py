"""What people type: names of libraries, files, drivers and clouds, each to its row, or refused with the choices."""

from __future__ import annotations

import pickle
import re

import pytest

import xlcalc
from xlcalc.catalog import accelerators, api_and_grid, models, tables
from xlcalc.catalog.names import NotInCatalog

MODELS = {
    # ollama
    "llama3.1:70b": "llama-3.1-70b", "llama3.1:8b-instruct-q4_K_M": "llama-3.1-8b", "llama3.1:405b": "llama-3.1-405b",
    "llama3.2:3b": "llama-3.2-3b", "llama3.2-vision:11b": "llama-3.2-11b-vision", "llama3:8b": "llama-3-8b",
    "llama3.3:70b-instruct-q8_0": "llama-3.3-70b", "llama2:7b": "llama-2-7b", "llama2:13b-chat": "llama-2-13b",
    "codellama:34b": "codellama-34b", "llama4:scout": "llama-4-scout", "llama4:maverick": "llama-4-maverick",
    "deepseek-r1:32b": "deepseek-r1-distill-qwen-32b", "deepseek-r1:70b": "deepseek-r1-distill-llama-70b",
    "deepseek-r1:1.5b": "deepseek-r1-distill-qwen-1.5b", "qwen3:30b": "qwen3-30b-a3b", "qwen3:235b": "qwen3-235b-a22b",
    "qwen3:0.6b": "qwen3-0.6b", "qwen3-coder:480b": "qwen3-coder-480b-a35b", "qwen2.5:7b-instruct": "qwen2.5-7b",
    "qwen2.5:72b-instruct-q4_0": "qwen2.5-72b", "qwen2:1.5b": "qwen2-1.5b", "qwq:32b": "qwq-32b",
    "tiiuae/Falcon-H1-7B-Instruct": "falcon-h1-7b", "Falcon-H1-1.5B-Deep": "falcon-h1-1.5b-deep", "LongCat-Flash-Chat": "longcat-flash",
    "inclusionAI/Ring-flash-2.0": "ling-flash-2.0", "Ling-mini-2.0": "ling-mini-2.0",
    "qwen3-vl:32b": "qwen3-vl-32b", "gemma3:27b": "gemma-3-27b", "gemma3:4b-it-qat": "gemma-3-4b",
    "gemma2:9b": "gemma-2-9b", "gemma3n:e4b": "gemma-3n-e4b", "mixtral:8x7b": "mixtral-8x7b",
    "mixtral:8x22b-instruct-q4_0": "mixtral-8x22b-instruct", "mistral-small:24b": "mistral-small-24b",
    "mistral-nemo:12b": "mistral-nemo-12b", "gpt-oss:20b": "gpt-oss-20b", "gpt-oss:120b": "gpt-oss-120b",
    "phi4:14b": "phi-4", "phi3:mini": "phi-3-mini-4k", "smollm2:1.7b": "smollm2-1.7b", "tinyllama:1.1b": "tinyllama-1.1b",
    "olmo2:13b": "olmo-2-13b", "falcon3:7b": "falcon3-7b", "starcoder2:7b": "starcoder2-7b", "yi:34b": "yi-34b",
    "glm-4.6": "glm-4.6", "kimi-k2": "kimi-k2", "deepseek-r1:671b": "deepseek-r1", "deepseek-v3:671b": "deepseek-v3",
    "kimi-k2:1t": "kimi-k2", "mistral:7b": "mistral-7b-v0.3", "mistral-small:22b": "mistral-small-22b", "phi:2.7b": "phi-2",
    "phi3:3.8b": "phi-3-mini-4k", "phi3:14b": "phi-3-medium", "phi4-mini:3.8b": "phi-4-mini", "llama4:16x17b": "llama-4-scout",
    "mistral-large:123b": "mistral-large-2", "granite4:small-h": "granite-4.0-h-small", "qwen3-next": "qwen3-next-80b-a3b",
    "deepseek-coder-v2:16b": "deepseek-v2-lite", "deepseek-v2:236b": "deepseek-v2",
    "starcoder2:15b": "starcoder2-15b", "command-r-plus": "command-r-plus-104b", "command-a:111b": "command-a-111b",
    "command-r7b": "command-r7b", "granite3.3:8b": "granite-3.3-8b", "granite4:tiny-h": "granite-4.0-h-tiny", "vicuna:13b": "llama-2-13b",
    "magistral:24b": "mistral-small-24b", "mathstral:7b": "mistral-7b-v0.3", "qwen2.5vl:72b": "qwen2.5-vl-72b",
    "nemotron-mini:4b": "nemotron-mini-4b", "deepseek-coder:33b": "deepseek-coder-33b", "mistral-large-3": "mistral-large-3",
    "Qwen3.8-27B-UD-Q4_K_XL.gguf": "qwen3.8-27b", "yi:9b": "yi-1.5-9b", "aya-expanse:32b": "aya-expanse-32b",
    # GGUF files and repositories
    "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf": "llama-3.1-8b", "llama-2-7b-chat.Q4_K_M.gguf": "llama-2-7b",
    "qwen3-32b-q8_0-00001-of-00002.gguf": "qwen3-32b", "gemma-3-27b-it-qat-q4_0.gguf": "gemma-3-27b",
    "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF": "llama-3.1-8b", "DeepSeek-V3-UD-IQ1_S.gguf": "deepseek-v3",
    "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M": "llama-3.2-3b", "gpt-oss-20b-mxfp4.gguf": "gpt-oss-20b",
    "microsoft/Phi-3-mini-4k-instruct-gguf": "phi-3-mini-4k", "mixtral-8x7b-instruct-v0.1.Q5_K_M.gguf": "mixtral-8x7b",
    # Hugging Face, with what quantised checkpoints add
    "meta-llama/llama-3.3-70b-instruct": "llama-3.3-70b", "TheBloke/Llama-2-70B-Chat-GPTQ": "llama-2-70b",
    "hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4": "llama-3.1-70b", "Qwen/Qwen3-235B-A22B-FP8": "qwen3-235b-a22b",
    "neuralmagic/Meta-Llama-3.1-8B-Instruct-FP8": "llama-3.1-8b", "nvidia/Llama-3.1-405B-Instruct-FP4": "llama-3.1-405b",
    "RedHatAI/Llama-3.3-70B-Instruct-quantized.w8a8": "llama-3.3-70b", "mlx-community/Qwen3-8B-4bit": "qwen3-8b",
    "unsloth/DeepSeek-R1-Distill-Qwen-32B-bnb-4bit": "deepseek-r1-distill-qwen-32b",
    "Qwen/Qwen2.5-VL-7B-Instruct-AWQ": "qwen2.5-vl-7b", "https://huggingface.co/Qwen/Qwen3-4B": "qwen3-4b",
    "Llama-3_3-Nemotron-Super-49B": "llama-3.3-nemotron-super-49b", "turboderp/Llama-3.1-8B-Instruct-exl2-4.0bpw": "llama-3.1-8b",
    # as clouds write them
    "accounts/fireworks/models/llama-v3p1-8b-instruct": "llama-3.1-8b", "meta.llama3-1-70b-instruct-v1:0": "llama-3.1-70b",
    "llama-3-1-8b": "llama-3.1-8b", "qwen2-5-7b": "qwen2.5-7b",
    # as people write them
    "deepseek r1 distill 32b": "deepseek-r1-distill-qwen-32b", "70B Llama 3.1": "llama-3.1-70b", "Kimi K2": "kimi-k2",
    "llama 3.2 11b": "llama-3.2-11b-vision", "GLM 4.5 Air": "glm-4.5-air", "GPT OSS 120B": "gpt-oss-120b",
    "DeepSeek V3": "deepseek-v3", "Qwen3 235B": "qwen3-235b-a22b", "mistral nemo": "mistral-nemo-12b",
}  # fmt: skip

# a name that could be several, or that another model has: never one of them in silence
NOT_MODELS = {
    "llama3.1": "llama-3.1-8b", "qwen 32b": "qwen3-32b", "gpt oss": "gpt-oss-20b", "gemma 27b": "gemma-3-27b",
    "llama 405b": "llama-3.1-405b", "mistral": "mistral-7b", "deepseek r1 distill": "deepseek-r1-distill-qwen-32b",
    "NousResearch/Hermes-3-Llama-3.1-8B": "llama-3.1-8b", "nvidia/Llama-3.1-Nemotron-Nano-8B-v1": "llama-3.1-8b",
    "lama-3.1-8b": "llama-3.1-8b", "grok": "grok-1", "deepseek-r1:8b": "deepseek-r1-0528-qwen3-8b", "llama3.1:7b": "llama-3.1-8b",
    "Llama-3.1-8B-Vision": "llama-3.1-8b", "qwen3:33b": "qwen3-0.6b", "phi 3.8b": "phi-4-mini",
}  # fmt: skip

ACCELERATORS = {
    # nvidia-smi
    "NVIDIA H100 80GB HBM3": "h100-sxm", "NVIDIA H100 PCIe": "h100-pcie", "NVIDIA H100 NVL": "h100-nvl",
    "NVIDIA H200": "h200-sxm", "NVIDIA A100-SXM4-80GB": "a100-sxm-80gb", "NVIDIA A100-SXM4-40GB": "a100-sxm-40gb",
    "NVIDIA A100-PCIE-40GB": "a100-pcie-40gb", "NVIDIA A100 80GB PCIe": "a100-pcie-80gb", "NVIDIA A10G": "a10g",
    "Tesla V100-SXM2-16GB": "v100-sxm-16gb", "Tesla V100-PCIE-32GB": "v100-pcie-32gb", "Tesla T4": "t4",
    "Tesla P100-PCIE-16GB": "p100-pcie", "NVIDIA GH200 480GB": "gh200-96gb", "NVIDIA B200": "b200", "NVIDIA GB200": "gb200",
    "NVIDIA B300 SXM6 AC": "b300", "NVIDIA GB10": "dgx-spark", "NVIDIA L40S": "l40s", "NVIDIA L4": "l4",
    "NVIDIA RTX A6000": "a6000", "NVIDIA RTX 6000 Ada Generation": "rtx-6000-ada", "NVIDIA GeForce RTX 4090": "rtx-4090",
    "NVIDIA GeForce RTX 5090": "rtx-5090", "NVIDIA GeForce RTX 3090": "rtx-3090",
    "NVIDIA RTX PRO 6000 Blackwell Server Edition": "rtx-pro-6000",
    "NVIDIA RTX PRO 6000 Blackwell Workstation Edition": "rtx-pro-6000-workstation",
    # rocm-smi
    "AMD Instinct MI300X OAM": "mi300x", "AMD Instinct MI325X": "mi325x", "AMD Instinct MI355X": "mi355x",
    "AMD Instinct MI210": "mi210", "Radeon RX 7900 XTX": "rx-7900-xtx", "AMD Radeon RX 9070 XT": "rx-9070-xt",
    # as people write them
    "H100 80GB SXM5": "h100-sxm", "SXM H100": "h100-sxm", "H100-80GB-SXM": "h100-sxm", "H200 141GB SXM": "h200-sxm",
    "A100 40GB": "a100-sxm-40gb", "rtx4090": "rtx-4090", "4090": "rtx-4090", "RX 7900 XTX 24GB": "rx-7900-xtx",
    "v5p": "tpu-v5p", "TPU v4": "tpu-v4", "tpu-v5-lite": "tpu-v5e", "Trillium": "tpu-v6e", "Ironwood": "tpu-v7",
    "Mac Studio M3 Ultra": "apple-m3-ultra", "MacBook Pro M4 Pro": "apple-m4-pro", "Mac mini M4": "apple-m4",
    "Apple M2 Max": "apple-m2-max", "Gaudi 3": "gaudi3", "Strix Halo": "ryzen-ai-max-395", "epyc 9654": "2x-epyc-9654",
    "GB300 NVL72": "gb300", "Trn2": "trainium2", "RTX 4070 Ti SUPER": "rtx-4070-ti-super", "7900 XT": "rx-7900-xt", "Vera Rubin NVL72": "rubin", "Vera Rubin NVL144": "rubin", "RTX 5050": "rtx-5050", "Core i9-14900K": "core-i9-14900k",
    "Rubin CPX": "rubin-cpx", "MI430X": "mi430x", "Ryzen 9 9950X": "ryzen-9-9950x", "MI455X": "mi455x", "MI250X": "mi250x",
    "NVIDIA GeForce GTX 1080 Ti": "gtx-1080-ti", "Tesla K80": "k80", "Threadripper 7970X": "threadripper-7980x", "2080": "rtx-2080",
    "NVIDIA GeForce RTX 4090 Laptop GPU": "rtx-4090-laptop", "RTX 4090D": "rtx-4090-d", "Quadro RTX 6000": "quadro-rtx-6000",
    "MI50": "mi50", "Radeon VII": "radeon-vii", "RX 6800 XT": "rx-6800-xt", "RTX 3060 Ti": "rtx-3060-ti", "A16": "a16",
    "tpu-v5-lite-podslice": "tpu-v5e", "tpu-v6e-slice": "tpu-v6e", "nvidia-h100-mega-80gb": "h100-sxm",  # node labels of GKE
}  # fmt: skip

# of one cloud instance: its accelerator, and how many it has
INSTANCES = {
    "p5.48xlarge": ("h100-sxm", 8), "p4d.24xlarge": ("a100-sxm-40gb", 8), "trn2.48xlarge": ("trainium2", 16),
    "g5.xlarge": ("a10g", 1), "Standard_ND96isr_H100_v5": ("h100-sxm", 8), "a3-highgpu-8g": ("h100-sxm", 8),
    "gpu_8x_h100_sxm5": ("h100-sxm", 8), "BM.GPU.H100.8": ("h100-sxm", 8), "aws/p5en.48xlarge": ("h200-sxm", 8), "ml.p4de.24xlarge": ("a100-sxm-80gb", 8),
    "p5e.48xlarge": ("h200-sxm", 8), "v6e-8": ("tpu-v6e", 8), "v5litepod-16": ("tpu-v5e", 16), "v5p-32": ("tpu-v5p", 16),
    "TPU v4-8": ("tpu-v4", 4), "v3-8": ("tpu-v3", 4),
    "ct5lp-hightpu-8t": ("tpu-v5e", 8), "ct6e-standard-4t": ("tpu-v6e", 4), "tpu7x-standard-4t": ("tpu-v7", 4),
    "BM.GPU.H200.8": ("h200-sxm", 8), "BM.GPU.MI300X.8": ("mi300x", 8), "BM.GPU.A100-v2.8": ("a100-sxm-80gb", 8),
    "gd-8xh100ib-i128": ("h100-sxm", 8), "gb200-4x": ("gb200", 4), "rtxp6000-8x": ("rtx-pro-6000", 8), "p2.16xlarge": ("k80", 16),
    "a3-ultragpu-8g": ("h200-sxm", 8), "a4-highgpu-8g": ("b200", 8), "ml.p3.16xlarge": ("v100-sxm-16gb", 8),
}  # fmt: skip

NOT_ACCELERATORS = {
    "A100": "a100-pcie-80gb", "V100": "v100-sxm-32gb", "H100 40GB": "h100-sxm", "RTX 4090 48GB": "rtx-4090",
    "NVIDIA GeForce RTX 4080 Ti": "rtx-4080", "Threadripper": "threadripper-7980x", "RTX 6000": "rtx-6000-ada",
    "Orin Nano": "jetson-orin-nano-super", "MI300": "mi300a", "M4 Max": "apple-m4-max-40core", "RTX 3080": "rtx-3080-10gb", "4060 Ti": "rtx-4060-ti-8gb", "Ascend 910B": "ascend-910b2",
    "AMD Instinct MI250X/MI250": "mi250x", "NVIDIA H100 80GB HBM3 MIG 1g.10gb": "h100-sxm", "TPU v5": "tpu-v5e",
    "8x H100": "h100-sxm", "H100 x8": "h100-sxm", "Gaudi": "gaudi2", "B200 192GB": "b200", "Tesla V100-SXM3-32GB": "v100-sxm-32gb", "P100": "p100-pcie",
    "Tesla P100": "p100-sxm",
}  # fmt: skip


@pytest.mark.parametrize(("typed", "wanted"), MODELS.items())
def test_models(typed, wanted):
    assert models.find(typed).id == wanted


@pytest.mark.parametrize(("typed", "wanted"), ACCELERATORS.items())
def test_accelerators(typed, wanted):
    assert accelerators.find(typed).id == wanted


@pytest.mark.parametrize(("typed", "near"), NOT_MODELS.items())
def test_models_that_are_asked_back(typed, near):
    with pytest.raises(NotInCatalog) as refusal:
        models.find(typed)
    assert near in str(refusal.value).replace(",", " ").split(), str(refusal.value)


@pytest.mark.parametrize(("typed", "near"), NOT_ACCELERATORS.items())
def test_accelerators_that_are_asked_back(typed, near):
    with pytest.raises(NotInCatalog) as refusal:
        accelerators.find(typed)
    assert near in str(refusal.value).replace(",", " ").replace(";", " ").split(), str(refusal.value)


@pytest.mark.parametrize(("typed", "what"), INSTANCES.items())
def test_an_instance_stands_for_one_of_its_accelerators_and_says_how_many_it_has(typed, what):
    found = accelerators.find(typed)
    assert found.id == what[0] and f"{typed} has {what[1]} of {what[0]}; counts are of accelerators" in found.remark


def test_a_derivation_and_the_block_say_that_a_name_is_an_instances():
    said = "p5.48xlarge has 8 of h100-sxm; counts are of accelerators, not of instances"
    assert ["note", said] in [row[:2] for row in xlcalc.LLM_EXPLAIN("LLM_ENERGY", 3600, 8, "p5.48xlarge")]
    assert ["remark", said] in xlcalc.LLM_HARDWARE("p5.48xlarge")
    assert not any(row[0] == "remark" for row in xlcalc.LLM_HARDWARE("h100-sxm"))


@pytest.mark.parametrize(
    ("typed", "wanted", "gb"),
    [("Mac Studio M3 Ultra 96GB", "apple-m3-ultra", 96), ("M4 Max 64 GB", "apple-m4-max-40core", 64),
     ("MacBook Air M3 16GB", "apple-m3", 16), ("M4 Max 36GB", "apple-m4-max-32core", 36)],
)  # fmt: skip
def test_a_chip_with_less_memory_than_it_can_have(typed, wanted, gb):
    found = accelerators.find(typed)
    assert (found.id, found.memory) == (wanted, gb * 1e9) and f"with {gb} GB of memory" in found.remark


def test_more_memory_than_a_chip_can_have_is_refused():
    with pytest.raises(NotInCatalog):
        accelerators.find("M3 Ultra 1024GB")
    with pytest.raises(NotInCatalog):
        accelerators.find("M3 Max 64GB")  # sold with either GPU


def test_a_number_of_accelerators_is_no_part_of_the_name():
    with pytest.raises(xlcalc.CalcError, match="names 8 accelerators; write h100-sxm here and give the count as count"):
        xlcalc.LLM_HARDWARE("8x H100", "tdp")


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("Llama-3.1-8B-Instruct-Q4_K_M.gguf", "q4_k_m"), ("Qwen3-32B-AWQ", "awq"), ("Llama-2-70B-Chat-GPTQ", "gptq"),
     ("Meta-Llama-3.1-70B-Instruct-AWQ-INT4", "awq"), ("nvidia/Qwen3-235B-A22B-NVFP4", "nvfp4"), ("llama3.1:8b", ""),
     ("llama3.1:8b-instruct-fp16", "fp16"), ("Llama-3.1-8B-Instruct-quantized.w4a16", "int4_g128"), ("phi-4", ""),
     ("Meta-Llama-3.1-8B-Instruct-FP8", "fp8"), ("Qwen3-8B-4bit", ""), ("Llama-2-7B-GPTQ-8bit", "gptq_8bit")],
)  # fmt: skip
def test_the_format_that_a_name_states(typed, wanted):
    assert models.stated_format(typed) == wanted
    assert models.find("Qwen3-32B-AWQ").stated_format == "awq" and not models.find("qwen3-32b").stated_format


@pytest.mark.parametrize("name", ["models", "accelerators"])
def test_every_name_of_a_row_leads_to_it_with_its_words_in_any_order(name):
    catalog = models if name == "models" else accelerators
    for row in tables.rows(name):
        for text in [row["id"], row["name"], *row["aliases"].split(";")]:
            if text.strip():
                assert catalog.names().find(text) == row["id"]
                assert catalog.names().find(text.upper()) == row["id"]
                turned = " ".join(reversed(re.split(r"[\s-]+", text.rpartition("/")[2])))
                try:
                    assert catalog.names().find(turned) == row["id"], turned
                except NotInCatalog as refusal:
                    assert row["id"] in refusal.choices, turned


def test_refusals_are_the_same_every_time():
    said = []
    for _ in range(2):
        with pytest.raises(NotInCatalog) as refusal:
            models.find("no-such-llama")
        said.append(str(refusal.value))
    assert said[0] == said[1] != ""


@pytest.mark.parametrize(
    "typed", ["", " ", "/", "///", "-", "gguf", "q4_k_m", "instruct", "NVIDIA", "80GB", "\u0130", "a" * 5000]
)
def test_what_names_nothing_is_refused(typed):
    for catalog in (models, accelerators):
        with pytest.raises(NotInCatalog):
            catalog.find(typed)


def column(table, name):
    return {row[table[0].index(name)] for row in table[1:]}


def test_search_finds_all_words_in_any_order():
    assert column(xlcalc.LLM_MODELS("480b coder qwen"), "id") == {"qwen3-coder-480b-a35b"}
    assert "llama-3.1-8b" in column(xlcalc.LLM_MODELS("llama3.1"), "id")
    assert column(xlcalc.LLM_HARDWARE_TABLE("amd 256GB"), "vendor") == {"AMD"}
    found = xlcalc.LLM_PRICE_TABLE("us-east-1 H100 aws")
    assert column(found, "accelerator") == {"h100-sxm"} and column(found, "provider") == {"aws"}
    assert xlcalc.LLM_MODELS("llama nosuchword")[1:] == []
    assert column(xlcalc.LLM_MODELS("llama3.1:70b"), "id") == {"llama-3.1-70b"}
    assert column(xlcalc.LLM_HARDWARE_TABLE("p5.48xlarge"), "id") == {"h100-sxm"}
    assert column(xlcalc.LLM_HARDWARE_TABLE("MacBook Pro M4 Max"), "id") == {
        "apple-m4-max-32core",
        "apple-m4-max-40core",
    }
    assert xlcalc.LLM_HARDWARE_TABLE("  ") == xlcalc.LLM_HARDWARE_TABLE()


@pytest.mark.parametrize(
    "typed",
    ["aws/p5.48xlarge/us-east-1", "p5.48xlarge us-east-1", "us-east-1, p5.48xlarge", "AWS P5.48xlarge us-east-1"],
)
def test_an_instance_and_its_place_in_any_order(typed):
    assert xlcalc.LLM_PRICE(typed) == xlcalc.LLM_PRICE("aws/p5.48xlarge/us-east-1")


@pytest.mark.parametrize("typed", ["p5.48xlarge", "us-east-1", "p5.48xlarg"])
def test_an_instance_in_several_places_is_asked_back(typed):
    with pytest.raises(xlcalc.CalcError, match=r"(in several places|is ambiguous).*aws/|.*azure/"):
        xlcalc.LLM_PRICE(typed)


@pytest.mark.parametrize("typed", ["h100", "H100-SXM", "NVIDIA T4", "B300-SXM6", "RTX 4090"])
def test_an_accelerator_has_no_price_though_a_provider_s_product_may_have_its_name(typed):
    with pytest.raises(xlcalc.CalcError, match="is an accelerator"):
        xlcalc.LLM_PRICE(typed)
    assert xlcalc.LLM_PRICE("novita/H100 SXM") == xlcalc.LLM_PRICE("novita/h100-sxm/any")


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("GPT 4o mini", "gpt-4o-mini"), ("Claude Opus 4.5", "claude-opus-4-5"), ("opus 4.5 claude", "claude-opus-4-5"),
     ("Gemini 2.5 Pro", "gemini-2.5-pro"), ("openai/gpt-4o", "gpt-4o")],
)  # fmt: skip
def test_hosted_models(typed, wanted):
    assert api_and_grid.api_model(typed)["id"] == wanted


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("Germany", "de"), ("us-east-1 aws", "aws/us-east-1"), ("US-CA", "us-ca"), ("us-west-2", "aws/us-west-2"),
     ("us-west2", "gcp/us-west2"), ("USA", "us"), ("UK", "gb"),
     ("U.S.", "us"), ("England", "gb"), ("UAE", "ae"), ("Czech Republic", "cz")],
)  # fmt: skip
def test_grids(typed, wanted):
    assert api_and_grid.grid_region(typed)["id"] == wanted


@pytest.mark.parametrize("typed", ["Georgia", "uswest2"])
def test_a_place_of_two_rows_is_asked_about(typed):
    with pytest.raises(NotInCatalog, match="ambiguous"):
        api_and_grid.grid_region(typed)


def test_a_number_that_names_an_accelerator_is_its_name_where_it_is_text():
    assert xlcalc.LLM_ENERGY(3600, 8, "4090") == xlcalc.LLM_ENERGY(3600, 8, "rtx-4090")
    assert xlcalc.LLM_ENERGY(3600, 8, "700") == xlcalc.LLM_ENERGY(3600, 8, 700)


@pytest.mark.parametrize("name", ["models", "accelerators"])
def test_a_name_with_another_number_is_never_taken_for_the_row(name):
    """Each number of each name replaced by another: what is found has that number in one of its own names."""
    catalog = models if name == "models" else accelerators
    rows = tables.by_id(name)

    def numbers(text):
        return set(re.findall(r"\d+", text.replace("_", ".")))

    known = {
        i: numbers(" ".join((row["id"], row["name"], row["aliases"], row.get("hf_id", "")))) for i, row in rows.items()
    }
    found = 0
    for row in rows.values():
        for text in (row["name"], *row["aliases"].split(";")):
            text = re.sub(r"(?i)(hbm|gddr|sxm|pcie)\d\w*", r"\1", text.rpartition("/")[2])  # which name no row
            for number in set(re.findall(r"\d+", text)):
                other = f"{int(number) + 3}"
                try:
                    to = catalog.names().find(re.sub(rf"(?<!\d){number}(?!\d)", other, text))
                except NotInCatalog:
                    continue
                found += 1
                assert other in known[to], (text, number, other, to)
    assert found > 5


@pytest.mark.parametrize("typed", ["gpt-4o", "GPT 4o mini", "claude-opus-4-5"])
def test_a_model_that_is_sold_alone_is_told_from_a_misspelt_one(typed):
    with pytest.raises(xlcalc.CalcError, match=r"is sold as an API.*LLM_API_COST"):
        xlcalc.LLM_PARAMS(typed)


@pytest.mark.parametrize(
    ("typed", "said"), [("EPYC 9654", True), ("2x AMD EPYC 9654", False), ("Dual EPYC 9654", False)]
)
def test_one_processor_of_a_server_of_two_is_not_counted_twice_in_silence(typed, said):
    assert ("server of 2 processors" in accelerators.find(typed).remark) == said


@pytest.mark.parametrize("typed", ["Standard_ND96isr_H100_v5", "ND96isr_H100_v5", "nd96isr h100 v5", "ml.p5.48xlarge"])
def test_an_instance_with_or_without_what_its_cloud_writes_before(typed):
    found = accelerators.find(typed)
    assert found.id == "h100-sxm" and "has 8 of h100-sxm" in found.remark


def test_near_names_are_looked_for_when_the_sentence_is_read():
    looked = models.names()._offers.cache_info
    before = looked().misses
    with pytest.raises(xlcalc.CalcError) as refusal:
        xlcalc.LLM_PARAMS("llama-3.1-nobodys")
    assert (refusal.value.code, refusal.value.argument, looked().misses) == ("#N/A", "model", before)
    said = [str(refusal.value), str(refusal.value), str(pickle.loads(pickle.dumps(refusal.value)))]
    assert "llama-3.1" in said[0] and len(set(said)) == 1 and looked().misses == before + 1


def test_a_name_as_long_as_a_book_is_refused_before_it_is_searched():
    with pytest.raises(NotInCatalog, match="longer than any name"):
        accelerators.find("9" * 400_000)  # expressions for counts and memory search it in the square of its length
