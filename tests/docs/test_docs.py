"""The documentation is true: its code runs, its YAML and commands parse, its links and names resolve."""

import importlib
import re
import runpy
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from exapt import api
from exapt.api._prepare import check_names
from exapt.app.cli.main import app
from exapt.core.config import parse, read_yaml
from exapt.core.registry import CLEANERS
from exapt.data.cards import Card

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md"]
PAGES = sorted([*READMES, *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MINIMAL = {"data": "x.csv", "task": "sequence_property", "backbone": "cnn"}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page, *languages):
    return [text for language, text in FENCE.findall(page.read_text(encoding="utf-8")) if language in languages]


def with_blocks(*languages):
    pages = [page for page in PAGES if blocks(page, *languages)]
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


@with_blocks("python")
def test_python_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": page.stem}
    for text in blocks(page, "python"):
        exec(compile(text, page.name, "exec"), namespace)


@with_blocks("yaml")
def test_yaml_is_a_run_a_card_or_a_part_of_a_run(page):
    for text in blocks(page, "yaml"):
        values = yaml.safe_load(text)
        if "parser" in values:
            Card.model_validate(values)
        else:
            assert_run({**MINIMAL, **values}, page.name)


def assert_run(values, where):
    """It parses, and all its names and options are known."""
    config = parse(values, where)
    check_names(config, where)
    for rule in config.data.clean or []:
        CLEANERS.build(rule.name, **rule.options)


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/**/*.yaml")), ids=lambda path: path.stem)
def test_example_yaml_is_a_run(path):
    assert_run(read_yaml(path), str(path))
    for line in re.findall(r"^# (exapt .*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
        assert_command(line)


@with_blocks("console", "bash")
def test_commands_have_the_options_that_they_use(page):
    lines = [line for text in blocks(page, "console", "bash") for line in text.replace("\\\n", " ").splitlines()]
    commands = [re.sub(r"^(\w+=\S+ )+", "", line.removeprefix("$ ")) for line in lines]
    for command in commands:
        if command.startswith("exapt"):
            assert_command(command)


def assert_command(line):
    """Parse a command line of exapt without doing anything; a wrong option raises."""
    command = get_command(app)
    for leaf in leaves(command):
        leaf.callback = lambda **_: None
    command.main(args=shlex.split(line, comments=True)[1:], prog_name="exapt", standalone_mode=False)


def leaves(command):
    inner = getattr(command, "commands", None)
    return [command] if inner is None else [leaf for one in inner.values() for leaf in leaves(one)]


@pytest.mark.parametrize(
    "line", ["exapt finetune x.csv", "exapt finetune x.csv -o y --stratgy full", "exapt finetun x.csv -o y"]
)
def test_a_wrong_command_would_be_found(line):
    with pytest.raises(Exception, match=r"Missing option|Missing parameter|No such option|No such command"):
        assert_command(line)


@every_page
def test_links_and_images_resolve(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(other), f"{page}: {target}"


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_names_and_paths_in_backticks_exist(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for name in re.findall(r"`(exapt(?:\.\w+)+)`", text):
        assert_importable(name)
    for path in re.findall(r"`((?:src|tests|docs|examples|benchmarks)/[\w./\-]+)`", text):
        assert (ROOT / path).exists() or path == "src/exapt/transfer/strategies/surgical.py", f"{page}: {path}"


def assert_importable(name):
    *module, last = name.split(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        assert hasattr(importlib.import_module(".".join(module)), last), name


def test_the_contracts_that_the_docs_name_are_there():
    contracts = importlib.import_module("exapt.core.contracts")
    for page in (ROOT / "docs/index.md", ROOT / "CONTRIBUTING.md"):
        named = re.search(r"`Table`.*?`Run`", page.read_text(encoding="utf-8"), re.DOTALL)[0]
        names = re.findall(r"`(\w+)`", named)
        assert len(names) == 7
        assert all(hasattr(contracts, name) for name in names)


def test_hooks_of_a_strategy_are_those_of_the_contract():
    strategy = importlib.import_module("exapt.core.contracts").Strategy
    text = (ROOT / "docs/howto/add_a_strategy.md").read_text(encoding="utf-8")
    hooks = re.findall(r"^\| `(\w+)\(", text, re.MULTILINE)
    assert hooks == [name for name, value in vars(strategy).items() if callable(value)]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_lists_what_exapt_lists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for kind in ("backbones", "weights", "strategies", "tasks", "encoders", "splits", "baselines", "data"):
        row = re.search(rf"^\| {kind} \|(.*)\|$", text, re.MULTILINE)
        assert re.findall(r"`([\w.]+)`", row[1]) == list(api.list_pieces(kind)), kind


@pytest.mark.parametrize(
    ("script", "function", "page"),
    [("cli", "page", "cli"), ("config", "config_page", "config"), ("config", "pieces_page", "pieces")],
)
def test_generated_pages_are_current(script, function, page):
    made = runpy.run_path(str(ROOT / f"docs/generate_{script}.py"))[function]()
    written = (ROOT / f"docs/reference/{page}.md").read_text(encoding="utf-8")
    assert written == made, f"run `python docs/generate_{script}.py`"


def test_every_page_of_the_docs_is_in_the_index():
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs") for page in ROOT.glob("docs/*/*.md") if page.parent.name != "adr"]
    assert [str(page) for page in pages if f"({page})" not in index] == []


def test_no_page_names_this_machine():
    for page in PAGES:
        found = re.findall(r"/(?:work|root|home|tmp)/\S+", page.read_text(encoding="utf-8"))
        assert not found, f"{page}: {found}"
