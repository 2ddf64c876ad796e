"""What a model ends in, by the class that `architectures` names: a language-model head, a classifier, nothing.

Sources: transformers modeling_layers.py (Generic classes) and models/<model type>/modeling_*.py; reward models by the
code that travels with Qwen2.5-Math-RM (modeling_qwen2_rm.py) and InternLM2-Reward (modeling_internlm2.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture
from xlcalc.model.config import RETRIEVED, Config, vocabulary
from xlcalc.model.layers import Linear, linear

_CLASS = re.compile(r"^(\w+?)(EncoderModel|Model|For([A-Z]\w*)|LMHeadModel|MTModel|GenerationDecoder)$")
_OLDER = {"LMHeadModel": "CausalLM", "MTModel": "ConditionalGeneration", "GenerationDecoder": "CausalLM"}
_LANGUAGE = ("CausalLM", "ConditionalGeneration", "MaskedLM", "Vision2Seq", "ImageTextToText", "BlockDiffusion")


def class_name(c: Config) -> tuple[str, str]:
    """The first of `architectures` as its family's part and its task: ("Llama", "SequenceClassification").

    The task is "Model" for a body alone and "" where the file does not say, or names no class of this kind.
    """
    return _class(c.architectures)


def _class(listed: Any) -> tuple[str, str]:
    first = listed[0] if isinstance(listed, (list, tuple)) and listed else listed
    found = _CLASS.match(first) if isinstance(first, str) else None
    if not found:
        return "", ""
    family, task = found.group(1), found.group(3) or found.group(2)
    if task == "LMHeadModel" and family.endswith("With"):  # T5WithLMHeadModel, of 2019
        return family.removesuffix("With"), "ConditionalGeneration"
    return family, _OLDER.get(task, task)


def n_labels(c: Config) -> int:
    """Classes that a classifier tells apart: num_labels, or the labels that the file names, else 2."""
    named = c.get("id2label")
    return int(c.get("num_labels") or (len(named) if isinstance(named, dict) and named else 2))


def headed(c: Config, whole: Architecture) -> Architecture:
    """The decoder with the head of its class in place of the language model's."""
    family, task = class_name(c)
    d_model, width = c["hidden_size"], next((m.d_in for m in whole.outer if m.name == "head"), c["hidden_size"])
    if family not in vocabulary()["classes"] and task in ("Model", "EncoderModel"):  # a wrapper's
        family, task = _class(c.raw.get("architectures"))
    one_of_ours = family in vocabulary()["classes"]
    if not task or task in _LANGUAGE or (task in ("Model", "EncoderModel") and not one_of_ours):
        return whole
    if task == "Model":
        return _with_head(whole, (), f"the body alone, as {family}Model has no head")
    if task == "SequenceClassification":
        return _with_head(whole, (classifier(width, n_labels(c), bias=False),), f"a classifier of {n_labels(c)} labels")
    if task == "TokenClassification":
        return _with_head(whole, (classifier(width, n_labels(c)),), f"a classifier of {n_labels(c)} labels a token")
    if task == "QuestionAnswering":
        return _with_head(whole, (classifier(width, 2),), "a head that marks an answer")
    if task == "Retrieval" and (n := c.get(RETRIEVED)):
        return _with_head(whole, (classifier(width, n),), f"a vector of {n} numbers a token")
    if task == "RewardModel" and family == "InternLM2":
        return _with_head(whole, (classifier(d_model, 1, bias=False),), "a reward head")
    if task in ("RewardModel", "ProcessRewardModel"):
        labels = int(c.get("num_labels") or (2 if task == "ProcessRewardModel" else 1))
        dense = linear("score_dense", d_model, d_model, matrices.HEAD_INPUT, bias=True)
        return _with_head(whole, (dense, classifier(d_model, labels)), "a reward head of two layers")
    bare = _with_head(whole, (), "")
    return bare._replace(assumed=(*bare.assumed, f"the head of {family}For{task} is not known and left out"))


def classifier(d_in: int, labels: int, *, bias: bool = True, name: str = "classifier") -> Linear:
    """A matrix from states to scores."""
    return linear(name, d_in, labels, matrices.HEAD_INPUT, bias=bias)


def _with_head(whole: Architecture, head: Sequence[Linear], note: str) -> Architecture:
    return whole._replace(
        outer=(*(m for m in whole.outer if m.name != "head"), *head),
        norms=tuple(v for v in whole.norms if v.part != "head"),
        notes=(*whole.notes, *((note,) if note else ())),
    )
