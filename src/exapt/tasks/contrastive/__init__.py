"""One application: see task.py."""
