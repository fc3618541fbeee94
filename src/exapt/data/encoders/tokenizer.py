"""The tokenizer of a Hugging Face model, from a directory or by its hub name."""

from __future__ import annotations

import base64
import functools
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.core.errors import DataError, WeightsError
from exapt.core.examples import stack
from exapt.data.encoders._state import as_json, check_positive, check_text

Files = tuple[tuple[str, str], ...]
NO_LIMIT = 1_000_000  # transformers writes a huge number where a tokenizer has no limit of its own
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tokenizer(Encoder):
    """Ids of a pre-trained tokenizer with its special tokens as int32 "x" (L,); padded with its own padding id.

    Code that comes with a tokenizer is never run. `fit` copies the tokenizer's files into the state, so that a run
    stays complete when the directory moves or the hub is out of reach.

    Parameters
    ----------
    tokenizer
        A directory or a hub name.
    modality
        dna, rna and protein are put into upper case; molecules and None stay as they are.
    spaced
        Put a space between letters, and X for U, Z, O, B of proteins, as ProtBERT and ProtT5 expect [1]_.
    max_length
        Tokens kept of each value with the special ones; None = the limit of the tokenizer. Cuts are logged.
    files
        Name and base64 content of the tokenizer's files, copied by `fit`.

    References
    ----------
    .. [1] Elnaggar et al. (2022), ProtTrans, doi:10.1109/TPAMI.2021.3095381
    """

    tokenizer: str
    modality: str | None = None
    spaced: bool = False
    max_length: int | None = None
    files: Files = ()

    modalities: ClassVar[tuple[Modality, ...]] = ("dna", "rna", "protein", "molecule")

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", tuple((name, content) for name, content in self.files))
        check_positive("tokenizer", "max_length", self.max_length)

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """Copy the tokenizer's files; nothing is learned from the rows."""
        if self.files:
            return self
        with tempfile.TemporaryDirectory() as folder:
            self._tokenizer().save_pretrained(folder)
            paths = sorted(path for path in Path(folder).iterdir() if path.is_file())
            files = tuple((path.name, base64.b64encode(path.read_bytes()).decode()) for path in paths)
        return replace(self, files=files)

    def inputs(self) -> Inputs:
        """Letters, as many as the vocabulary has ids; its own special tokens are none."""
        tokenizer = self._tokenizer()
        special = tuple(sorted(tokenizer.all_special_ids))
        return Inputs("letters", len(tokenizer), mask=tokenizer.mask_token_id, special=special)

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One int32 array "x" (L,) a value."""
        if isinstance(values, Matrix):
            raise DataError("encoder 'tokenizer' reads text; the input column holds numbers.")
        check_text("tokenizer", values)
        if not values:
            return []
        tokenizer = self._tokenizer()
        limit = self.max_length or (tokenizer.model_max_length if tokenizer.model_max_length < NO_LIMIT else None)
        ids = tokenizer([self._text(value) for value in values], verbose=False)["input_ids"]
        long = [i for i, row in enumerate(ids) if limit is not None and len(row) > limit]
        if long:
            texts = [self._text(values[i]) for i in long]
            for i, row in zip(long, tokenizer(texts, truncation=True, max_length=limit)["input_ids"], strict=True):
                ids[i] = row
            logger.warning("%s of %s values were cut to %s tokens.", f"{len(long):,}", f"{len(values):,}", limit)
        return [{"x": np.array(row, dtype=np.int32)} for row in ids]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Padded with the tokenizer's padding id: "x" (B, L) int64 and "mask" (B, L)."""
        stream = stack(items)
        stream["x"] = stream["x"].masked_fill(~stream["mask"], self._tokenizer().pad_token_id)
        return stream

    def state(self) -> dict[str, Any]:
        """The options and the files."""
        return {**as_json(self), "files": [list(pair) for pair in self.files]}

    def _text(self, value: str) -> str:
        text = value.upper() if self.modality in ("dna", "rna", "protein") else value
        if self.spaced:
            return " ".join(text.translate(str.maketrans("UZOB", "XXXX")) if self.modality == "protein" else text)
        return text

    def _tokenizer(self) -> Any:
        return _load(self.tokenizer, self.files)


@functools.lru_cache(maxsize=4)
def _load(name: str, files: Files) -> Any:
    """The tokenizer from its copied files, or from its directory or hub name."""
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as folder:
        for file, content in files:
            (Path(folder) / Path(file).name).write_bytes(base64.b64decode(content))
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder if files else name, trust_remote_code=False)
        except (OSError, ValueError, KeyError, ImportError) as error:
            reason = " ".join(str(error).split())[:200]
            raise WeightsError(
                f"{name}: no tokenizer could be loaded ({reason}). "
                f"Give the name of a hub model or a directory with tokenizer.json or vocab.txt."
            ) from None
    if tokenizer.pad_token_id is None:
        raise WeightsError(f"{name}: the tokenizer has no padding token, so values of different lengths do not stack.")
    return tokenizer


EXPORT = Tokenizer
