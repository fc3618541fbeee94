"""The command line, called in this process."""

import sys

import pytest

from exapt.app.cli.main import main


@pytest.fixture(scope="session")
def command():
    """Run the command line; returns the exit code."""

    def run(*arguments):
        saved = sys.argv
        sys.argv = ["exapt", *map(str, arguments)]
        try:
            main()
        except SystemExit as stop:
            return int(stop.code or 0)
        finally:
            sys.argv = saved
        return 0

    return run


@pytest.fixture
def call(command, capsys):
    """Run the command line; returns (exit code, stderr)."""

    def run(*arguments):
        code = command(*arguments)
        return code, capsys.readouterr().err

    return run
