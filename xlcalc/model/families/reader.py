"""From a configuration to an architecture: the reader of its family, of the class it names, or the general one."""

from __future__ import annotations

from collections.abc import Mapping

from xlcalc.model.architecture import Architecture
from xlcalc.model.config import SPELLINGS, Config, family_defaults, vocabulary
from xlcalc.model.families import known, reader_of
from xlcalc.model.families.heads import class_name, headed

# sizes of which a file gives at least so many, or most of the model is its family's default
_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
_ENOUGH = 3
_HALVES = ("encoder", "decoder", "encoder_config", "decoder_config")  # groups that may give them
_REMOTE = {"Grok1": "grok-1", "Grok1Model": "grok-1"}  # classes of remote code: Grok-2's model_type is "git"
_ALIKE = 0.4  # share of a family's uncommon fields that a file of another name has


def read(c: Config) -> Architecture:
    """The architecture of a configuration, with what was assumed where its family is unknown or it leaves much out."""
    model_type = c.model_type
    if c.halves:
        raise ValueError(
            f"is two whole models, an encoder ({c.halves[0][:40]}) and a decoder ({c.halves[1][:40]}), which are not "
            "counted together: give the configuration of one of them"
        )
    if reader := reader_of(model_type):
        whole = _finished(c, reader(c))
        return _with_gaps(c, _of_unread_experts(c) if _has_unread_experts(c, whole) else whole)
    family = class_name(c)[0]
    named = _REMOTE.get(family) or vocabulary()["classes"].get(family)
    from xlcalc.model.families.general import general, structural  # few need it, and a first answer should come soon

    if named:
        note = f"model type {model_type!r} is unknown and read as {named}, whose class its architectures name"
        read_so, own = _as(c, named, note)
        if not structural(own) - own.seen - set(vocabulary()["own"].get(named, ())):
            return read_so
    try:
        return _finished(c, general(c))
    except ValueError as unread:
        kin = _kin(c)
        if kin is None:
            raise
        try:
            return _as(c, kin, f"model type {model_type!r} is unknown and read as {kin}, whose fields it has")[0]
        except (ValueError, LookupError, TypeError):
            raise unread from None


def _as(c: Config, model_type: str, note: str) -> tuple[Architecture, Config]:
    own = Config({**c.raw, "model_type": model_type})
    own.towers = c.towers
    own.architectures = c.architectures
    whole = _finished(own, known()[model_type](own))
    return whole._replace(assumed=(note, *whole.assumed)), own


def _finished(c: Config, whole: Architecture) -> Architecture:
    """A decoder with the head of its class; encoders have theirs by their families."""
    return _of_tensors(c, headed(c, whole) if whole.kind == "decoder" else whole)


def _has_unread_experts(c: Config, whole: Architecture) -> bool:
    """Whether the file has experts that the family's reader did not ask for, as it has none."""
    expected = c.seen.union(family_defaults().get(c.model_type, ()))
    unread = {"num_experts", *SPELLINGS["num_experts"]} & c.raw.keys() - expected
    return any(c.raw[n] not in (None, 0, 1) for n in unread) and all(block.kind != "moe" for _, block in whole.blocks())


def _of_unread_experts(c: Config) -> Architecture:
    """A mixture under the name of a family without experts (XVERSE-MoE), by its fields alone. Raises ValueError."""
    from xlcalc.model.families.general import general

    try:
        whole = _finished(c, general(c))
        assumed = f"experts, without which {c.model_type} is known: read by its fields alone"
        return whole._replace(assumed=(assumed, *whole.assumed[1:]))
    except ValueError as unread:
        raise ValueError(f"has experts, which model_type {c.model_type!r} is known without, and {unread}") from None


def _kin(c: Config) -> str | None:
    """The family that has every uncommon structural field of the file, and the fewest that the file has not."""
    from xlcalc.model.families.general import structural

    common = {name for names in SPELLINGS.items() for name in (names[0], *names[1])}
    fields = {name for name in structural(c) - common if name in c.raw}
    own: dict[str, list[str]] = vocabulary()["own"]
    decoders = {t for t, reads in known().items() if "encoder" not in reads.__module__}
    kin = sorted((t for t in own if t in decoders and fields <= set(own[t])), key=lambda t: len(own[t]))
    if not fields or not kin or sum(c.gives(name) for name in _SIZES) < _ENOUGH:
        return None
    alone = len({known()[t] for t in kin}) == 1
    return kin[0] if alone or len(fields) >= len(own[kin[0]]) * _ALIKE else None


def _of_tensors(c: Config, whole: Architecture) -> Architecture:
    """The architecture of a GGUF file, marked where its tensors hold another number of parameters."""
    held = c.raw.get("gguf_parameters")
    if held is None:  # and sizes that are lists are not multiplied before they are refused
        return whole
    counted = sum(n * m.params for n, m in whole.linears()) + sum(n * v.size for n, v in whole.vectors())
    if held == counted:
        return whole
    text = f"the file's tensors hold {held:,} parameters and {c.model_type}'s layers {counted:,}"
    return whole._replace(assumed=(*whole.assumed, text))


def _with_gaps(c: Config, whole: Architecture) -> Architecture:
    """The architecture, marked where the file itself gives too little to tell one model of the family from another, or
    experts where the family has none."""
    halves = [half for half in map(c.raw.get, _HALVES) if isinstance(half, Mapping)]
    given = [name for name in _SIZES if c.gives(name) or any(name in half for half in halves)]
    if len(given) >= _ENOUGH:
        return whole
    missing = ", ".join(name for name in _SIZES if name not in given)
    return whole._replace(assumed=(*whole.assumed, f"defaults of {c.model_type} for {missing}"))
