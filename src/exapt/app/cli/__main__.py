"""`python -m exapt.app.cli` is `exapt`."""

from exapt.app.cli.main import main

main()
