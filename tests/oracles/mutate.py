"""Configurations with one or two fields changed, counted by transformers and by us: what differs without a word.

A development script in the environment of build.py (its first lines); `just` does not run it, nor does CI:

    oracle/bin/python tests/oracles/mutate.py 3000 --seed 1 --part 0/2

Every class of the library that reads or writes text gives its defaults, with few layers; numbers, switches and lists of
it and of its inner groups are changed at random. What the library itself refuses is no configuration. Ours agrees, is
refused, says that it is an estimate, or differs in silence: each of the last is printed as a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto as auto

import build  # beside this file
from xlcalc.model.spec import ModelSpec

KINDS = (*build.CENSUS, "SEQUENCE_CLASSIFICATION", "TOKEN_CLASSIFICATION", "QUESTION_ANSWERING", "MULTIPLE_CHOICE")
LAYERS = re.compile(
    r"^(num_hidden_layers|n_layers?|num_layers|depth|(encoder|decoder|num_(en|de)coder)_layers|num_blocks)$"
)
SKIPPED = re.compile(
    build.GENERIC_FIELDS.pattern.replace("|(vision|audio)_|image_", "") + r"|^is_|cache|^pad|id$|_ids$|^use_mems"
)
SECONDS = 20  # for one model


def classes() -> list[tuple[str, str]]:
    """Model types and their classes."""
    found = {}
    for kind in KINDS:
        for name, named in getattr(auto, f"MODEL_FOR_{kind}_MAPPING_NAMES").items():
            for cls in [named] if isinstance(named, str) else named:
                found[cls] = name
    found |= {
        cls: name for name, cls in auto.MODEL_MAPPING_NAMES.items() if isinstance(cls, str) and name in build.BODIES
    }
    return sorted((name, cls) for cls, name in found.items() if hasattr(transformers, cls))


def start(name: str) -> dict[str, Any]:
    """The defaults of a model type with at most seven layers in each stack, where the library takes them."""
    own = {**build.text_completed(name), **build.INCOMPLETE_DEFAULTS.get(name, {})}
    config = build.plain_dict(build.CONFIG_MAPPING[name](**own))
    few = json.loads(json.dumps(config))
    for group, field in fields(few):
        if LAYERS.search(field) and isinstance(group[field], int):
            group[field] = min(group[field], 7)
    return few


def fields(config: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each field with the group that holds it."""
    for field, value in config.items():
        if isinstance(value, dict) and field not in ("rope_parameters", "id2label", "label2id"):
            yield from fields(value)
        else:
            yield config, field


def changed(value: Any, field: str, rng: random.Random) -> Any:
    """Another value of the same kind; the same one where none is known."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([value * 2, value // 2, value + 1, value * 3 // 2, value // 4 * 3, 1, 2, 0, 4])
    if value is None:
        return rng.choice([1, 2, 8, 48, 96]) if not field.endswith("_config") else None
    if isinstance(value, list) and value and field != "architectures":
        if all(isinstance(v, int) and not isinstance(v, bool) for v in value) and rng.random() < 0.5:
            return [v * rng.choice([1, 2]) for v in value]
        return rng.sample(value, len(value))
    return value


def mutated(config: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A copy with one or two fields changed, and what was changed."""
    own, told = json.loads(json.dumps(config)), {}
    open_to = [(group, field) for group, field in fields(own) if not SKIPPED.search(field)]
    for group, field in rng.sample(open_to, min(len(open_to), rng.choice([1, 1, 2]))):
        new = changed(group[field], field, rng)
        if new != group[field]:
            told[field] = [group[field], new]
            group[field] = new
    return own, told


def truth(name: str, cls: str, config: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Parameters of the library's model, and the configuration as it would write it."""
    made = build.CONFIG_MAPPING[name].from_dict(config)
    with torch.device("meta"):
        model = getattr(transformers, cls)(made)
    return sum(p.numel() for p in model.parameters()), build.plain_dict(made)


def ours(config: dict[str, Any], total: int) -> tuple[str, Any]:
    """agrees, refused, estimate or differs, with our count or the reason."""
    spec = ModelSpec(config=config)
    try:
        counted, towers = spec.total, spec.known_towers
        if spec.is_estimate:
            return "estimate", spec.architecture.assumed
        if total in (counted, counted + (towers or 0)):
            return "agrees", counted
        partly = " ".join(spec.architecture.notes)
        return ("named" if "left out" in partly else "differs"), counted + (towers or 0)
    except ValueError as error:
        return "refused", str(error)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="0/1", help="I/N: every Nth class from the Ith on")
    parser.add_argument("--only", default="", help="a part of the model type's name")
    asked = parser.parse_args()
    first, step = map(int, asked.part.split("/"))
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError()))
    every = [(name, cls) for name, cls in classes()[first::step] if asked.only in name]
    counts: Counter[str] = Counter()
    each = -(-asked.cases // max(1, len(every)))
    for name, cls in every:
        rng = random.Random(f"{asked.seed} {cls}")
        try:
            base = start(name)
        except Exception as error:
            print(f"{cls}: {type(error).__name__}: {str(error)[:100]!r}", file=sys.stderr)
            continue
        for case in range(each):
            config, told = mutated(base, rng) if case else (base, {})
            signal.alarm(SECONDS)
            try:
                total, written = truth(name, cls, config)
            except BaseException as error:  # the library refuses, in many ways
                if isinstance(error, KeyboardInterrupt):
                    raise
                counts["no model"] += 1
                continue
            finally:
                signal.alarm(0)
            verdict, what = ours({**written, "model_type": name, "architectures": [cls]}, total)
            counts[verdict] += 1
            if verdict == "differs":
                line = {"class": cls, "type": name, "changed": told, "truth": total, "ours": what}
                print(json.dumps(line), flush=True)
    print(json.dumps(counts), file=sys.stderr)


if __name__ == "__main__":
    main()
