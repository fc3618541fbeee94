"""Names come from the folder; unknown ones offer the nearest."""

import pytest

from exapt.core.errors import ConfigError
from exapt.core.registry import STRATEGIES, Registry


@pytest.fixture
def registry(tmp_path, monkeypatch):
    package = tmp_path / "pieces_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_private.py").write_text("")
    (package / "frozen.py").write_text(
        '"""Features only."""\n\n\nclass A:\n    def __init__(self, n=1):\n        self.n = n\n\n\nEXPORT = A\n'
    )
    (package / "full.py").write_text(
        '"""Everything moves."""\n\n\nclass B:\n    def __init__(self, rate):\n        pass\n\n\nEXPORT = B\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return Registry("strategy", "pieces_of_a_test")


def test_names_are_files(registry):
    assert registry.names() == ["frozen", "full"]
    assert registry.describe() == {"frozen": "Features only.", "full": "Everything moves."}


def test_build(registry):
    assert registry.build("frozen", n=3).n == 3


def test_unknown_name(registry):
    with pytest.raises(ConfigError, match="Unknown strategy 'frozn'. Did you mean 'frozen'"):
        registry.build("frozn")


def test_unknown_option(registry):
    with pytest.raises(ConfigError, match="strategy 'frozen' has no option 'm'"):
        registry.build("frozen", m=1)


def test_missing_option(registry):
    with pytest.raises(ConfigError, match="strategy 'full' needs the option 'rate'"):
        registry.build("full")


def test_listing_does_not_import(registry):
    import sys

    sys.modules.pop("pieces_of_a_test.full", None)
    registry.describe()
    assert "pieces_of_a_test.full" not in sys.modules


def test_the_eleven_strategies_are_files():
    wanted = {"scratch", "full", "frozen", "partial", "lp_ft", "gradual_unfreeze", "discriminative_lr", "l2_sp"}
    assert wanted | {"joint", "lora", "auto"} <= set(STRATEGIES.names())
