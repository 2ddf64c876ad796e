"""The worked jobs of the gallery: what is asked, what is given, the formulas that answer, what the picture shows.

An input is (label, name, value, unit); its name is a name of the workbook, which formulas use. A result is (label,
formula, number format). A table's rows hold values and formulas, in which {r} is the row of the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

WHOLE, TENTHS, HUNDREDTHS, USD, CENTS, SHARE, ANY = (
    "#,##0",
    "#,##0.0",
    "#,##0.00",
    '"$"#,##0',
    '"$"0.00',
    "0%",
    "General",
)


class Table(NamedTuple):
    """Rows below their headers, the number formats of the columns; `spilled` instead is one formula for them all."""

    headers: Sequence[str]
    rows: Sequence[Sequence[Any]] = ()
    formats: Sequence[str] = ()
    spilled: str = ""
    size: tuple[int, int] = (0, 0)


class Picture(NamedTuple):
    """What is drawn of the table: bars of a column by the first, or lines of columns over the first. `named` are the
    columns that name a bar instead: one by its values, several by their headers too."""

    about: str
    columns: Sequence[int]
    kind: str = "bars"
    across: str = ""
    named: Sequence[int] = ()


class Job(NamedTuple):
    """One workbook."""

    name: str
    title: str
    question: str
    reading: str
    inputs: Sequence[tuple[str, str, Any, str]]
    results: Sequence[tuple[str, str, str]]
    table: Table
    picture: Picture
    formula: str = ""  # what the page shows; blank is the table's first, or that of the first result


def _each(values: Sequence[Any], *formulas: str) -> list[list[Any]]:
    """A row for each value, with the formulas beside it."""
    return [[*(value if isinstance(value, tuple) else (value,)), *formulas] for value in values]


JOBS = [
    Job(
        "will-it-fit",
        "Will it fit?",
        "Do the weights and the cache of our chats fit on the accelerators that we have?",
        "A model fits where the memory it needs on each accelerator is below what is usable there.",
        [("Accelerator", "accelerator", "h100-sxm", ""), ("Tensor parallel", "tp", 2, "accelerators"),
         ("Context", "context", 8192, "tokens"), ("Chats at once", "chats", 16, "")],
        [("Usable on each", '=LLM_HARDWARE(accelerator,"usable")/1E9', TENTHS)],
        Table(
            ["Model", "Needs, GB each", "Usable, GB", "Fits"],
            _each(["llama-3.1-8b", "qwen3-32b", "llama-3.3-70b", "gpt-oss-120b", "qwen3-235b-a22b"],
                  '=LLM_SERVE_MEMORY(A{r},context,chats,,,tp,,"GB")', '=LLM_HARDWARE(accelerator,"usable")/1E9',
                  '=IF(B{r}<=C{r},"yes","no")'),
            [ANY, TENTHS, TENTHS, ANY],
        ),
        Picture("GB needed on each of two H100, where 85 GB are usable", (1,)),
    ),
    Job(
        "fastest-layout-on-512-gpus",
        "The fastest layout on 512 GPUs",
        "How do we spread the training of a 70B model over 512 accelerators?",
        "Best first: tensor (tp), pipeline (pp), context (cp), expert (ep) and data parallel (dp), with what limits each.",
        [("Model", "model", "llama-3.1-70b", ""), ("Accelerator", "accelerator", "h100-sxm", ""),
         ("Accelerators", "gpus", 512, ""), ("Global batch", "global_batch", 1024, "sequences"),
         ("Sequence", "seq_len", 8192, "tokens")],
        [("Memory of one accelerator", '=LLM_HARDWARE(accelerator,"memory")/1E9', TENTHS)],
        Table([], formats=[WHOLE] * 10 + [TENTHS, WHOLE, SHARE, "0.0E+00", ANY, TENTHS, TENTHS],
              spilled="=LLM_TRAIN_PLAN(model,accelerator,gpus,global_batch,seq_len)", size=(6, 17)),
        Picture("Tokens a second of the five fastest layouts that fit", (11,), named=(1, 2, 3, 5, 6)),
    ),
    Job(
        "fine-tune-on-one-card",
        "Fine-tune on one card",
        "Which models can we fine-tune on one card of 24 GB, and how?",
        "Full fine-tuning keeps Adam's state of every weight; LoRA only that of its adapters; QLoRA also packs the weights.",
        [("Card", "card", "rtx-4090", ""), ("Sequence", "seq_len", 2048, "tokens"), ("Micro-batch", "micro_batch", 1, ""),
         ("LoRA rank", "rank", 16, "")],
        [("Memory of the card", '=LLM_HARDWARE(card,"memory")/1E9', TENTHS)],
        Table(
            ["Model", "Full, GB", "LoRA, GB", "QLoRA, GB", "QLoRA fits"],
            _each(["llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b", "qwen3-14b", "qwen3-32b"],
                  '=LLM_FINETUNE_MEMORY(A{r},"full",seq_len,micro_batch,,,"GB")',
                  '=LLM_FINETUNE_MEMORY(A{r},"lora",seq_len,micro_batch,rank,,"GB")',
                  '=LLM_FINETUNE_MEMORY(A{r},"qlora",seq_len,micro_batch,rank,,"GB")',
                  '=IF(D{r}<=LLM_HARDWARE(card,"memory")/1E9,"yes","no")'),
            [ANY, TENTHS, TENTHS, TENTHS, ANY],
        ),
        Picture("GB to fine-tune with QLoRA; the card has 24", (3,)),
    ),
    Job(
        "serve-200-requests-a-second",
        "Serve 200 requests a second",
        "How many accelerators answer 200 requests a second, and what do they cost a month?",
        "Each replica is loaded to the given share of its throughput. The price an hour is yours to fill in.",
        [("Model", "model", "llama-3.1-8b", ""), ("Requests a second", "requests", 200, "1/s"),
         ("Prompt", "prompt", 1000, "tokens"), ("Output", "output", 250, "tokens"), ("Load", "load", 0.7, "share"),
         ("Batch", "batch", 64, "")],
        [("Output tokens a second", "=requests*output", WHOLE)],
        Table(
            ["Accelerator", "USD an hour", "Replicas", "USD a month", "USD per million output tokens"],
            _each([("h100-sxm", 3.0), ("h200-sxm", 3.8), ("l40s", 1.2), ("mi300x", 2.5)],
                  "=LLM_REPLICAS(requests,prompt,output,model,A{r},1,batch,load)", "=C{r}*B{r}*730",
                  "=C{r}*B{r}/3600/(requests*output)*1E6"),
            [ANY, CENTS, WHOLE, USD, CENTS],
        ),
        Picture("USD a month for 200 requests a second, at the prices given", (3,)),
    ),
    Job(
        "self-host-or-api",
        "Self-host or API",
        "From how many tokens a month is our own replica cheaper than an API?",
        "Below the break-even the API is cheaper; above it one replica is, as long as it keeps up.",
        [("API", "api", "bedrock-llama3-3-70b-instruct", ""), ("Prompt", "prompt", 1000, "tokens"),
         ("Output", "output", 250, "tokens"), ("Own replica", "own_hour", 12, "USD an hour")],
        [("Own, USD a month", "=own_hour*730", USD),
         ("API, USD per million tokens", "=LLM_API_COST(api,prompt,output,1E6/(prompt+output))", CENTS),
         ("Break-even, tokens a month", "=LLM_OWN_SHARE(own_hour*730,LLM_API_COST(api,prompt,output,1E6/(prompt+output)))", "0.0E+00")],
        Table(
            ["Billion tokens a month", "API, USD", "Own, USD"],
            _each([0, 4, 8, 12, 16, 20], "=IF(A{r}=0,0,LLM_API_COST(api,prompt,output,A{r}*1E9/(prompt+output)))", "=own_hour*730"),
            [WHOLE, USD, USD],
        ),
        Picture("USD a month by billions of tokens", (1, 2), "lines", "billion tokens a month"),
    ),
    Job(
        "break-even-of-a-purchase",
        "Break-even of a purchase",
        "After how many months has a server of eight accelerators paid for itself?",
        "The purchase has paid for itself where its line is below that of renting.",
        [("Price of the server", "capex", 300000, "USD"), ("Running it", "own_hour", 3, "USD an hour"),
         ("Renting the same", "rent_hour", 24, "USD an hour"), ("In use", "use", 0.7, "share of the hours")],
        [("Break-even", "=LLM_BREAKEVEN(capex,own_hour,rent_hour)", WHOLE),
         ("Break-even in months", "=LLM_BREAKEVEN(capex,own_hour,rent_hour)/(730*use)", TENTHS)],
        Table(
            ["Months", "Bought, USD", "Rented, USD"],
            _each([0, 6, 12, 18, 24, 30, 36], "=capex+A{r}*730*use*own_hour", "=A{r}*730*use*rent_hour"),
            [WHOLE, USD, USD],
        ),
        Picture("USD spent by month", (1, 2), "lines", "months"),
    ),
    Job(
        "buy-or-rent",
        "Buy or rent",
        "What does an hour of our own server cost by how much we use it?",
        "An owned server costs the same whether it works or waits: the less it is used, the dearer its useful hour.",
        [("Price of the server", "capex", 300000, "USD"), ("Life", "years", 4, "years"), ("Power", "watts", 10200, "watts"),
         ("Electricity", "kwh", 0.12, "USD per kWh"), ("PUE", "pue", 1.3, ""), ("Upkeep", "upkeep", 0.1, "of the price a year"),
         ("Cost of capital", "capital", 0.08, "a year"), ("Renting", "rent", 24, "USD an hour")],
        [("A useful hour at full use", "=LLM_TCO(capex,years,watts,kwh,pue,upkeep,1,capital)", CENTS)],
        Table(
            ["Use", "Owned, USD an hour", "Rented, USD an hour"],
            _each([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1], "=LLM_TCO(capex,years,watts,kwh,pue,upkeep,A{r},capital)", "=rent"),
            [SHARE, CENTS, CENTS],
        ),
        Picture("USD a useful hour by the share of hours in use", (1, 2), "lines", "share of the hours in use"),
    ),
    Job(
        "compare-five-models",
        "Compare five models",
        "Which of five models is the cheapest to run that does the work?",
        "Tokens a second and memory are of one replica with as many accelerators as the model needs at least.",
        [("Accelerator", "accelerator", "h100-sxm", ""), ("Price", "usd_hour", 3, "USD an hour"), ("Prompt", "prompt", 1000, "tokens"),
         ("Output", "output", 250, "tokens"), ("Context", "context", 8192, "tokens")],
        [("Bandwidth of the accelerator, TB/s", '=LLM_HARDWARE(accelerator,"bandwidth")/1E12', HUNDREDTHS)],
        Table(
            ["Model", "Parameters, B", "Active, B", "Accelerators", "Tokens/s", "USD per million output tokens"],
            _each(["llama-3.1-8b", "gpt-oss-20b", "qwen3-30b-a3b", "llama-3.3-70b", "gpt-oss-120b"],
                  '=LLM_PARAMS(A{r},"total","B")', '=LLM_PARAMS(A{r},"active","B")', "=LLM_MIN_GPUS(A{r},accelerator,context,8)",
                  "=LLM_THROUGHPUT(A{r},accelerator,D{r},prompt,output)", "=LLM_SERVE_COST(usd_hour*D{r},E{r},0.7)"),
            [ANY, TENTHS, TENTHS, WHOLE, WHOLE, CENTS],
        ),
        Picture("USD per million output tokens at 70 % load", (5,)),
    ),
    Job(
        "carbon-by-region",
        "Carbon by region",
        "How much carbon does the same training run emit in different places?",
        "The energy is the same everywhere; what differs is how the grid makes it (its yearly average).",
        [("Model", "model", "llama-3.1-8b", ""), ("Tokens", "tokens", 15e12, ""), ("Accelerator", "accelerator", "h100-sxm", ""),
         ("Accelerators", "gpus", 1024, ""), ("Utilisation", "mfu", 0.4, ""), ("PUE", "pue", 1.2, "")],
        [("Days", '=LLM_TRAIN_TIME(LLM_TRAIN_FLOPS(model,tokens),accelerator,gpus,mfu,,"days")', TENTHS),
         ("Energy, MWh", '=LLM_ENERGY(LLM_TRAIN_TIME(LLM_TRAIN_FLOPS(model,tokens),accelerator,gpus,mfu),gpus,accelerator,1,pue,"MWh")', WHOLE)],
        Table(
            ["Place", "Tonnes of CO2e"],
            _each(["Norway", "France", "California", "Germany", "United States", "Poland"],
                  '=LLM_CARBON(LLM_ENERGY(LLM_TRAIN_TIME(LLM_TRAIN_FLOPS(model,tokens),accelerator,gpus,mfu),gpus,accelerator,1,pue),A{r},"t")'),
            [ANY, WHOLE],
        ),
        Picture("Tonnes of CO2 equivalent of one training run", (1,)),
    ),
    Job(
        "sweep-of-batches",
        "A sweep: batch against latency",
        "How many tokens a second does a larger batch bring, and what does each user lose?",
        "Throughput rises with the batch and so does the time of each token: choose the batch that your limit allows.",
        [("Model", "model", "llama-3.1-8b", ""), ("Accelerator", "accelerator", "h100-sxm", ""), ("Count", "gpus", 1, ""),
         ("Context", "context", 4096, "tokens")],
        [("Largest batch that fits", "=LLM_MAX_BATCH(model,accelerator,gpus,context)", WHOLE)],
        Table(
            ["Batch", "Milliseconds a token", "Tokens a second", "Milliseconds, low", "Milliseconds, high"],
            _each([1, 2, 4, 8, 16, 32, 64, 100], '=LLM_TPOT(model,accelerator,gpus,context,A{r},,,,"ms")', "=A{r}/B{r}*1000",
                  '=LLM_ESTIMATE_BOUND("LLM_TPOT","low",model,accelerator,gpus,context,A{r})*1000',
                  '=LLM_ESTIMATE_BOUND("LLM_TPOT","high",model,accelerator,gpus,context,A{r})*1000'),
            [WHOLE, TENTHS, WHOLE, TENTHS, TENTHS],
        ),
        Picture("Tokens a second by batch", (2,), "lines", "batch"),
    ),
    Job(
        "a-model-of-your-own",
        "A model of your own",
        "We plan a model that no catalog has. What does it need?",
        "The block of fields on the left is the model: change one, and everything that uses it changes.",
        [("Accelerator", "accelerator", "h100-sxm", ""), ("Tokens", "tokens", 2e12, ""), ("Accelerators", "gpus", 256, "")],
        [("Parameters, B", '=LLM_PARAMS($A$13:$B$21,"total","B")', HUNDREDTHS),
         ("Cache of 32k tokens, GB", '=LLM_KV_CACHE($A$13:$B$21,32768,,,"GB")', HUNDREDTHS),
         ("Days to train", '=LLM_TRAIN_TIME(LLM_TRAIN_FLOPS($A$13:$B$21,tokens),accelerator,gpus,0.4,,"days")', TENTHS)],
        Table(
            ["Field", "Value", "Context, tokens", "Cache, GB"],
            [[*field, context, '=LLM_KV_CACHE($A$13:$B$21,C{r},,,"GB")'] for field, context in zip(
                [("model_type", "llama"), ("n_layers", 36), ("d_model", 4096), ("n_heads", 32), ("n_kv_heads", 8),
                 ("d_ff", 14336), ("vocab", 128256), ("n_ctx", 32768), ("tied_embeddings", False)],
                (1024, 2048, 4096, 6144, 8192, 12288, 16384, 24576, 32768), strict=True)],
            [ANY, ANY, WHOLE, HUNDREDTHS],
        ),
        Picture("GB of cache of one sequence, by its tokens", (3,), named=(2,)),
        '=LLM_PARAMS($A$13:$B$21,"total","B")',
    ),
    Job(
        "prices-of-your-own",
        "Prices of your own",
        "What does our contract save against the list prices?",
        "List prices come from the catalog with their dates; the contract's are typed in and win in the last column.",
        [("Hours a month", "hours", 730, ""), ("Instances", "instances", 16, "")],
        [("Saved a month", "=SUM(E{first}:E{last})", USD)],
        Table(
            ["Instance", "List, USD an hour", "Contract, USD an hour", "Discount", "Saved, USD a month"],
            _each([("aws/p5.48xlarge/us-east-1",), ("aws/p4d.24xlarge/us-east-1",), ("aws/g6e.12xlarge/us-east-1",)],
                  "=LLM_PRICE(A{r})", "=B{r}*0.72", "=1-C{r}/B{r}", "=(B{r}-C{r})*hours*instances"),
            [ANY, CENTS, CENTS, SHARE, USD],
        ),
        Picture("USD saved a month by instance", (4,)),
    ),
    Job(
        "calibrate-with-your-runs",
        "Calibrate with your own runs",
        "We measured our own machine. By what factor should its estimates change?",
        "The factor is measured over estimated; multiply an estimate by it. The measurements here are made up: put in your own.",
        [("Accelerator", "accelerator", "h100-sxm", ""), ("Model", "model", "llama-3.1-8b", "")],
        [("Factor", '=LLM_CALIBRATION_FACTOR("LLM_TPOT",$A$12:$F$16,accelerator)', "0.000"),
         ("Milliseconds a token at batch 4, estimated", '=LLM_TPOT(model,accelerator,1,4096,4,,,,"ms")', HUNDREDTHS),
         ("The same, calibrated", '=LLM_TPOT(model,accelerator,1,4096,4,,,,"ms")*LLM_CALIBRATION_FACTOR("LLM_TPOT",$A$12:$F$16,accelerator)', HUNDREDTHS)],
        Table(
            ["model", "accelerator", "count", "context", "batch", "measured", "Run", "Measured / estimated"],
            [["llama-3.1-8b", "h100-sxm", 1, context, batch, measured, '=D{r}&" tokens, batch "&E{r}',
              "=F{r}/LLM_TPOT(A{r},B{r},C{r},D{r},E{r})"]
             for context, batch, measured in ((1024, 1, 0.0078), (4096, 1, 0.0080), (1024, 8, 0.0083), (4096, 16, 0.0101))],
            [ANY, ANY, WHOLE, WHOLE, WHOLE, "0.0000", ANY, HUNDREDTHS],
        ),
        Picture("Time of each token, measured over estimated, by run", (7,), named=(6,)),
        '=LLM_CALIBRATION_FACTOR("LLM_TPOT",$A$12:$F$16,accelerator)',
    ),
    Job(
        "laptops",
        "Laptops and one-card computers",
        "What can we run on the machines on our desks, and how fast?",
        "The model's weights are packed to about four bits; the context is what fits beside them.",
        [("Model", "model", "llama-3.1-8b", ""), ("Format", "dtype", "q4_k_m", ""), ("Context", "context", 4096, "tokens")],
        [("Weights, GB", '=LLM_WEIGHTS(model,dtype,"GB")', TENTHS)],
        Table(
            ["Machine", "Memory, GB", "Longest context", "Tokens a second"],
            _each(["rtx-4060", "rtx-4090", "M4", "M4 Pro", "M3 Ultra", "Strix Halo"],
                  '=LLM_HARDWARE(A{r},"memory")/1E9', '=MIN(LLM_MAX_CONTEXT(model,A{r},1,1,dtype),LLM_MODEL(model,"context"))',
                  "=1/LLM_TPOT(model,A{r},1,context,1,dtype)"),
            [ANY, WHOLE, WHOLE, TENTHS],
        ),
        Picture("Tokens a second of an 8B model in four bits", (3,)),
    ),
    Job(
        "a-page-for-the-board",
        "A page for the board",
        "What does training our model cost, at worst and at best?",
        "Four of five published runs like it cost between low and high. The whole report: xlcalc report training-budget.",
        [("Model", "model", "llama-3.1-70b", ""), ("Tokens", "tokens", 2e12, ""), ("Accelerator", "accelerator", "h100-sxm", ""),
         ("Accelerators", "gpus", 2048, ""), ("Price", "usd_hour", 2.5, "USD an hour"), ("Utilisation", "mfu", 0.38, "")],
        [("Days", '=LLM_TRAIN_TIME(LLM_TRAIN_FLOPS(model,tokens),accelerator,gpus,mfu,,"days")', TENTHS),
         ("Accelerator-hours", "=LLM_GPU_HOURS(LLM_TRAIN_FLOPS(model,tokens),accelerator,mfu)", WHOLE)],
        Table(
            ["Case", "USD"],
            [[case, f'=LLM_ESTIMATE_BOUND("LLM_GPU_HOURS","{case}",LLM_TRAIN_FLOPS(model,tokens),accelerator,mfu)*usd_hour']
             for case in ("low", "expected", "high")],
            [ANY, USD],
        ),
        Picture("USD of compute: low, expected, high", (1,)),
    ),
    Job(
        "failures-of-a-long-run",
        "Failures of a long run",
        "How much longer does a month of training take when nodes fail, and how often should we write checkpoints?",
        "Each failure costs its recovery and half an interval of repeated work.",
        [("Model", "model", "llama-3.1-70b", ""), ("Days without failures", "days", 30, ""), ("Nodes", "nodes", 128, ""),
         ("Recovery", "recovery", 1200, "seconds"), ("Writing speed", "writing", 100e9, "bytes a second")],
        [("Checkpoint, TB", '=LLM_CHECKPOINT_SIZE(model,,"TB")', HUNDREDTHS),
         ("Writing it, seconds", "=LLM_CHECKPOINT_SIZE(model)/writing", TENTHS)],
        Table(
            ["Failures of a node a year", "Best interval, minutes", "Days with failures"],
            _each([0.5, 1, 2, 4, 8],
                  '=LLM_CHECKPOINT_INTERVAL(LLM_CHECKPOINT_SIZE(model)/writing,365*86400/(A{r}*nodes),"minutes")',
                  '=LLM_TRAIN_TIME_ACTUAL(days*86400,nodes,A{r}/365,recovery,B{r}*60,"days")'),
            [TENTHS, TENTHS, TENTHS],
        ),
        Picture("Days that 30 days of training take", (2,), "lines", "failures of a node a year"),
    ),
    Job(
        "somebody-elses-workbook",
        "Recalculate somebody else's workbook",
        "A workbook came from a host that spells the functions its own way. What does it say today?",
        "xlcalc recalc FILE calculates it without Excel and keeps the spelling; xlcalc convert FILE --to plain changes it.",
        [("Model", "model", "llama-3.1-8b", ""), ("Context", "context", 8192, "tokens")],
        [("As xlwings saves it", "=_xldudf_LLM_KV_CACHE(model,context)/2^30", HUNDREDTHS),
         ("As LibreOffice saves it", "=ORG.XLCALC.ADDIN.LLM_KV_CACHE(model,context)/2^30", HUNDREDTHS),
         ("As the Excel add-in saves it", "=LLM_KV_CACHE(model,context)/2^30", HUNDREDTHS)],
        Table(
            ["Context", "Cache, GiB"],
            _each([8192, 16384, 32768, 65536, 131072], "=_xldudf_LLM_KV_CACHE(model,A{r})/2^30"),
            [WHOLE, TENTHS],
        ),
        Picture("GiB of cache by context", (1,), "lines", "tokens"),
    ),
]  # fmt: skip
