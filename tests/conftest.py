"""Shared test set-up: few threads, a fixed seed, and loud skips without EXAPT_MIRROR."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(autouse=True)
def _seeded():
    from exapt.core.seeds import seed_everything

    seed_everything(0)


def pytest_collection_modifyitems(items):
    if os.environ.get("EXAPT_MIRROR"):
        return
    skip = pytest.mark.skip(reason="EXAPT_MIRROR is not set: this test reads a real data set from the mirror")
    for item in items:
        if "mirror" in item.keywords:
            item.add_marker(skip)
