"""Which tool compares sequences: MMseqs2 where it works, else our own, and never in silence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal, TypeVar

from exapt.bio.align._links import Tool
from exapt.bio.align.mmseqs import MmseqsError
from exapt.core.errors import ConfigError

T = TypeVar("T")
logger = logging.getLogger(__name__)


def first_that_works(
    tool: Tool, by_mmseqs: Callable[[], T], by_kmers: Callable[[], T]
) -> tuple[T, Literal["mmseqs", "kmers"]]:
    """The result of the tool that was asked for and its name; ``auto`` falls back on k-mers with a warning.

    Raises
    ------
    ConfigError
        Where ``mmseqs`` is asked for by name and does not work.
    """
    if tool == "kmers":
        return by_kmers(), "kmers"
    try:
        return by_mmseqs(), "mmseqs"
    except MmseqsError as error:
        if tool == "mmseqs":
            raise ConfigError(f"MMseqs2 does not work here: {error}. Mend it, or use tool: kmers.") from None
        logger.warning("MMseqs2 does not work here (%s); k-mers and alignments of our own are used instead.", error)
        return by_kmers(), "kmers"
