"""What is generated says what its generator makes now."""

from __future__ import annotations

import generated
import pytest


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.host, pytest.mark.xdist_group("hosts")] if name == "conformance" else [])
     for name in generated.ALL],
)  # fmt: skip
def test_is_current(name):
    for package in generated.ALL[name].needs:
        pytest.importorskip(package)
    there = [str(path.relative_to(generated.ROOT)) for path in generated.stale(name)]
    assert not there, f"run: python tests/generated.py {name}"
