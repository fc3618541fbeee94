"""Forks one command line after another from a process that has imported everything: no test waits for imports.

Reads one JSON list of arguments a line; answers with the process id, and once the command ends with its exit code
(minus the signal where it was killed). Messages of the command go to the file named first in the list.
"""

import json
import os
import sys

import accelerate  # noqa: F401
import anndata  # noqa: F401
import matplotlib.backends.backend_svg
import matplotlib.figure  # noqa: F401
import scipy.stats  # noqa: F401
import sklearn.linear_model  # noqa: F401
import torch

import exapt.api.finetuning
import exapt.api.pretraining
import exapt.report.page
import exapt.report.run_card  # noqa: F401
from exapt.app.cli.main import main
from exapt.core import registry


def say(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def command(log, arguments):
    """Run in the forked process; never returns."""
    messages = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(messages, 1)
    os.dup2(messages, 2)
    sys.argv = ["exapt", *arguments]
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve():
    """Answer until there are no more lines."""
    torch.set_num_threads(1)
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])  # its first use imports most of torch
    for pieces in (registry.METRICS, registry.STRATEGIES, registry.CLEANERS, registry.SPLITS):
        for name in pieces.names():
            pieces.get(name)
    say("ready")
    for line in sys.stdin:
        log, *arguments = json.loads(line)
        child = os.fork()
        if not child:
            command(log, arguments)
        say(child)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    serve()
