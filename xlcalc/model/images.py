"""Tokens that an image takes in the context, by each family's own rule of resizing, patches and tiles.

The pixel limits are those of the preprocessor_config.json of the published models. Rules: transformers
image_processing_qwen2_vl.py (smart_resize), image_processing_pixtral.py and processing_pixtral.py,
image_processing_got_ocr2.py and processing_internvl.py, processing_gemma3.py, processing_llava.py,
image_processing_gemma4.py, image_processing_kimi_k25.py, image_processing_muse_glimmer.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, floor, sqrt
from typing import Any

_MOST_PIXELS = 10**6  # of a side
_STEEPEST = 200  # sides' ratio that Qwen's code takes

Vision = Mapping[str, Any]


def image_tokens(config: Mapping[str, Any], width: int, height: int) -> int:
    """Tokens of one image of so many pixels. Raises ValueError for models that see none, or whose rule is unknown."""
    vision = config.get("vision_config")
    model_type = str(config.get("model_type") or "")
    rule = _RULES.get(model_type)
    if not isinstance(vision, Mapping) and rule is None:
        raise ValueError("has no vision_config and no rule for images: it reads none, or its rule is not known")
    if model_type == "mllama":
        raise ValueError("reads images by cross-attention: one takes a single token, its patches none, in the context")
    if rule is None:
        raise ValueError(f"is of model_type {model_type[:60]!r}, whose rule for images is not known")
    if max(width, height) > _MOST_PIXELS:
        raise ValueError(f"has images of at most {_MOST_PIXELS:,} pixels a side; got {max(width, height):,}")
    return rule(config, vision if isinstance(vision, Mapping) else {}, width, height)


def _size(fields: Mapping[str, Any], name: str, default: int) -> int:
    """A whole number above 0 of a configuration, one for both directions. Raises ValueError naming what is none."""
    value = fields.get(name)
    value = value[0] if isinstance(value, (list, tuple)) and value and len(set(map(str, value))) == 1 else value
    if value is None:
        return default
    if type(value) is not int or not 0 < value <= _MOST_PIXELS:
        raise ValueError(f"has a {name} that is not a whole number above 0; got {str(value)[:60]!r}")
    return value


def squares(width: int, height: int, side: int, least: int, most: int) -> tuple[int, int]:
    """Squares of so many pixels a side, across and down, of at least and at most so many pixels in all, in about the
    same proportion.

    Source: Qwen2-VL's smart_resize.
    """
    if max(width, height) > _STEEPEST * min(width, height):
        raise ValueError(f"takes images whose sides differ by {_STEEPEST} times at most; got {width} x {height}")
    across, down = round(width / side), round(height / side)
    pixels = across * down * side * side
    if pixels > most:
        scale = sqrt(width * height / most)
        across, down = max(1, floor(width / scale / side)), max(1, floor(height / scale / side))
    elif pixels < least:
        scale = sqrt(least / (width * height))
        across, down = ceil(width * scale / side), ceil(height * scale / side)
    return across, down


def _merged(patch: int, least: int, most: int) -> Callable[[Vision, Vision, int, int], int]:
    """Patches merged in squares, as many as the image has once resized."""

    def tokens(config: Vision, vision: Vision, width: int, height: int) -> int:
        side = _size(vision, "patch_size", patch) * _size(vision, "spatial_merge_size", 2)
        across, down = squares(width, height, side, least, most)
        return across * down

    return tokens


def _pixtral(config: Vision, vision: Vision, width: int, height: int) -> int:
    """Patches of the image fitted into a square, and a token at the end of each row."""
    usual = 1 if config.get("model_type") == "llava" else 2
    side, merge = _size(vision, "image_size", 1540), _size(config, "spatial_merge_size", usual)
    patch = _size(vision, "patch_size", 14) * merge
    ratio = max(width / side, height / side)
    if ratio > 1:
        width, height = floor(width / ratio), floor(height / ratio)
        if not width or not height:
            raise ValueError(f"takes images of which {side} pixels on the longer side leave one on the other at least")
    rows, columns = (height - 1) // patch + 1, (width - 1) // patch + 1
    return rows * (columns + 1)


def _gemma4(config: Vision, vision: Vision, width: int, height: int) -> int:
    """Squares of pooled patches, as many as come nearest to the number that the model asks for."""
    most = _size(vision, "default_output_length", 280)
    scale = sqrt(most / (width * height))
    wide, high = floor(scale * width), floor(scale * height)
    if not high:
        return min(width // height, most)
    return wide * high if wide else min(height // width, most)


def _kimi(config: Vision, vision: Vision, width: int, height: int) -> int:
    """Merged patches of the image as it is, smaller only where it has more than 16,384 of them or 512 on a side."""
    patch, side, most = _size(vision, "patch_size", 14), 512, 16384
    patches = max(1, height // patch) * max(1, width // patch)
    scale = min(1.0, sqrt(most / patches), side * patch / height, side * patch / width)
    wide, high = (min(max(1, int(length * scale)), side * patch) for length in (width, height))
    return ceil(wide / (2 * patch)) * ceil(high / (2 * patch))


_TILES = 12


def _internvl(config: Vision, vision: Vision, width: int, height: int) -> int:
    """Tiles in the grid whose proportion is nearest, a thumbnail beside several, and two tokens around them."""
    side = _size(vision, "image_size", 448)
    grids = sorted(
        {(c, r) for n in range(1, _TILES + 1) for c in range(1, n + 1) for r in range(1, n + 1) if c * r <= _TILES},
        key=lambda grid: grid[0] * grid[1],
    )
    best, difference, chosen = width / height, float("inf"), (1, 1)
    for columns, rows in grids:
        apart = abs(best - columns / rows)
        larger = width * height > 0.5 * side * side * columns * rows
        if apart < difference or (apart == difference and larger):
            difference, chosen = apart, (columns, rows)
    tiles = chosen[0] * chosen[1]
    return 2 + _size(config, "image_seq_length", 256) * (tiles + (tiles > 1))


def _fixed(field: str, default: int) -> Callable[[Vision, Vision, int, int], int]:
    return lambda config, vision, width, height: _size(config, field, default)


def _square(image: int, patch: int) -> Callable[[Vision, Vision, int, int], int]:
    """All patches of a picture cropped to a square."""

    def tokens(config: Vision, vision: Vision, width: int, height: int) -> int:
        n = (_size(vision, "image_size", image) // _size(vision, "patch_size", patch)) ** 2
        if not n:
            raise ValueError("has a patch_size above its image_size, of which no patch is made")
        return n

    return tokens


def _llava(config: Vision, vision: Vision, width: int, height: int) -> int:
    if vision.get("model_type") == "pixtral":
        return _pixtral(config, vision, width, height)
    whole = config.get("vision_feature_select_strategy", "default") == "full"  # the token of the class with them
    return _square(336, 14)(config, vision, width, height) + whole


def _muse(config: Vision, vision: Vision, width: int, height: int) -> int:
    """The grid of merged patches whose proportion is nearest to the image's, of 4,096 at most."""
    square, most = _size(vision, "patch_size", 14) * _size(vision, "merge_size", 2), 4096
    high, wide = height / square, width / square
    if high * wide > most:
        ratio = wide / high
        high = sqrt(most / ratio)
        wide = high * ratio
    grids = {(h, w) for h in (floor(high), ceil(high)) for w in (floor(wide), ceil(wide)) if h and w and h * w <= most}
    rows, columns = min(
        grids or {(max(1, round(high)), max(1, round(wide)))}, key=lambda g: abs(g[0] / g[1] - height / width)
    )
    return rows * columns


_QWEN2, _QWEN3 = _merged(14, 56 * 56, 12845056), _merged(16, 65536, 16777216)
_RULES: dict[str, Callable[[Vision, Vision, int, int], int]] = {
    **dict.fromkeys(("qwen2_vl", "qwen2_5_vl"), _QWEN2),
    **dict.fromkeys(("qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe"), _QWEN3),
    **dict.fromkeys(("mistral3", "mistral_large4", "lighton_ocr"), _pixtral),
    **dict.fromkeys(("muse_glimmer", "muse_spark"), _muse),
    "llava": _llava,
    "internvl": _internvl,
    "gemma4": _gemma4,
    "kimi_k25": _kimi,
    **dict.fromkeys(("gemma3", "shieldgemma2", "t5gemma2"), _fixed("mm_tokens_per_image", 256)),
    "gemma3n": _fixed("vision_soft_tokens_per_image", 256),
    "paligemma": _square(224, 14),
}
