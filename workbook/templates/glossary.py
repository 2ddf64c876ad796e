"""What the words of models, layouts and units mean: comments on the cells where a sheet first uses them."""

from __future__ import annotations

import re

from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from .book import Book

_SHEETS = ("Dashboard", "Inputs", "Calculation", "Estimate")
"""Where people read labels; lists of the catalogs and checks say more beside them."""
_WIDTH, _LINE, _LETTERS = 300, 16, 46
WORDS = {
    r"utilisation of the peak|\(mfu\)|^utilisation$": "Model FLOP utilisation (MFU): the FLOP that the model needs, over what the "
    "accelerators could do at their dense peak in the same time. Waiting, communication and recomputation lower it.",
    r"layout": "How a model is spread over accelerators. tp: each matrix is split (tensor parallelism); pp: layers are split into stages "
    "(pipeline); cp: the sequence is split (context); ep: experts are spread; dp: whole copies. tp2 means over two accelerators.",
    r"^tensor-parallel": "Each matrix is split over so many accelerators, which exchange results in every layer: fast links are needed.",
    r"^pipeline stages": "The layers are split into so many groups, one behind another; a batch passes them in micro-batches.",
    r"^context-parallel": "Each sequence is split over so many accelerators.",
    r"^expert-parallel": "The experts of a mixture are spread over so many accelerators; tokens travel to theirs.",
    r"^data-parallel": "So many copies of the layout work on different sequences and average their gradients.",
    r"micro-batch|sequences at once": "The sequences that pass through at once: more need more memory for activations and keep the "
    "accelerator busier.",
    r"zero stage": "What data-parallel ranks share out instead of each keeping it: 1 optimizer states, 2 gradients too, 3 weights too "
    "(FSDP).",
    r"recomput": "Activations that are thrown away in the forward pass and computed again in the backward pass: less memory, more FLOP.",
    r"number format": "How many bits a number has and how they are used: bf16 and fp16 have 16 bits, fp8 and int8 eight, int4, nf4, nvfp4 "
    "and mxfp4 four. Fewer bits are smaller and often faster, and less exact.",
    r"^active parameters": "Of a mixture of experts a token uses only a few experts: the parameters that it passes through. Of other models "
    "all.",
    r"^parameters|trained parameters": "The numbers that a model has learnt. 8.03 billion in 16 bit are 16.06 GB.",
    r"cache of a token|prefix cache": "Keys and values of tokens that were read, kept in memory so that they are not computed again.",
    r"first token": "Time from a request until its first token (TTFT): waiting and the pass over the prompt.",
    r"further token": "Time between the tokens that follow (TPOT). 0.05 s are 20 tokens a second.",
    r"^replica|of a replica|a replica gives": "One copy of the model, on one or more accelerators, that answers requests by itself.",
    r"flop\b": "Floating-point operations: one addition or multiplication of two numbers. 1E+24 are a million times a million times a "
    "million times a million.",
    r"^tokens|tokens of a|prompt|output of a": "The pieces that a model reads and writes: of English about four letters, three quarters of a "
    "word.",
    r"useful share of the time|goodput": "Goodput: time in which training moves on, without writing checkpoints, failures and what is done "
    "again after them.",
    r"checkpoint": "The state of training on disk, from which it goes on after a failure: weights and optimizer states.",
    r"\(tdp\)": "Thermal design power: the most that the part takes for long. A server takes more around it.",
    r"power usage effectiveness": "PUE: energy at the meter over energy of the machines. Cooling and conversion are the rest.",
    r"accelerator-hour": "One accelerator for one hour: 8 accelerators for a day are 192.",
    r"\(p10\)|p10": "P10 to P90: four of five measured cases lie between. P50 is the estimate: half lie above it.",
    r"^method$": "full: all weights are trained; lora: small matrices beside frozen weights; qlora: the same with the frozen weights in 4 bit.",
    r"rank of the adapters": "How wide the small matrices of LoRA are: more can learn more, and are larger.",
    r"quantile": "0.95: 95 of 100 requests are at least as quick.",
    r"recovery factor|recovery of capital": "CRF: the equal yearly payment that repays a sum with its interest over the life.",
    r"on demand": "Paid by the hour, stopped any time; spot: cheaper, and taken away when others pay more; 1y and 3y: owed for the whole term.",
    r"gb\b": "Decimal: 1 GB are 1,000,000,000 bytes. A GiB, as memory is often given, is 7 % more.",
}  # fmt: skip


def build(book: Book) -> None:
    """Put each word's comment on the first label of a sheet that uses it; a label has one."""
    for name in _SHEETS:
        if name in book.workbook.sheetnames:
            _of_sheet(book.workbook[name])


def _of_sheet(sheet: Worksheet) -> None:
    waiting = {re.compile(pattern, re.IGNORECASE): meaning for pattern, meaning in WORDS.items()}
    for row in sheet.iter_rows(min_row=5):
        for cell in row:
            if (
                not isinstance(cell.value, str)
                or cell.value.startswith("=")
                or cell.column > 12
                or len(cell.value) > 60
            ):
                continue
            if sheet.title != "Dashboard" and cell.column > 1:
                continue
            found = next((pattern for pattern in waiting if pattern.search(cell.value)), None)
            if found:
                cell.comment = _comment(waiting.pop(found))


def _comment(words: str) -> Comment:
    lines = -(-len(words) // _LETTERS) + 1
    return Comment(words, "xlcalc", width=_WIDTH, height=_LINE * lines)
