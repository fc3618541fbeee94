"""`screen`: rank a library by known actives, by models and by affinity to a protein, on one machine or many."""

from __future__ import annotations

import csv
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exapt.api._screen_request import Prepared, RunScorer, ScreenConfig, check, prepare, with_background
from exapt.api._screen_work import Engine, Work
from exapt.core.errors import DataError, ExaptError, RunExistsError
from exapt.core.paths import atomic, read_json, refuse_existing, write_json, write_text
from exapt.core.progress import bar

__all__ = ["RunScorer", "ScreenConfig", "screen"]
SHOWN = 20  # structures on the contact sheet
NOTE = "request.json"


def screen(
    config: ScreenConfig, output: Path, *, engine: Engine = map, force: bool = False, quiet: bool = False
) -> dict[str, Any]:
    r"""Rank a library and write the ranking beside what it takes to judge it.

    Parameters
    ----------
    config
        What is screened, by what.
    output
        The ranked TSV; `.sdf` and `.svg` of the same name, `screen.json`, `rejected.tsv` and `picked.tsv` lie beside
        it. Until it is finished, parts lie in `OUTPUT.partial`, and the same call goes on from them.
    engine
        Where the work is done: `map` in this process; `exapt.app.engines` has processes and Ray.
    force
        Replace what is there.
    quiet
        No progress on stderr.

    Returns
    -------
    dict
        The content of `screen.json`: counts, scorers, rates, the best rows, provenance.

    Raises
    ------
    InputError
        Where the library, the actives, a run or the protein cannot be used.
    RunExistsError
        Where the output, or an unfinished screen of another request, is there already.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "library.csv").write_text("id,smiles\na,CCO\nb,CCN\nc,c1ccccc1\n")
    >>> _ = (folder / "known.csv").write_text("smiles\nCCCO\n")
    >>> config = ScreenConfig(str(folder / "library.csv"), actives=[str(folder / "known.csv")])
    >>> found = screen(config, folder / "ranked.tsv", quiet=True)
    >>> found["counts"]["ranked"], found["best"][0]["id"]
    (3, 'a')
    """
    from exapt.api import _ranked
    from exapt.api._library import Source, lay_down
    from exapt.api._work import alone

    check(config, output)
    files = _Files(output)
    begun = time.perf_counter()
    with alone(output):
        folder = output.with_name(output.name + ".partial")
        if not (folder / NOTE).is_file():
            files.refuse_existing(force=force)
        elif not force:
            refuse_existing(output, force=False)
        prepared = prepare(config, folder)
        with _folder(prepared, force=force):
            library = Source(config.library, config.smiles, config.id)
            sizes = lay_down(library, prepared.work.blocks, config.chunk, quiet=quiet)
            prepared = with_background(prepared, sizes)
            run = _score(prepared.work, sizes, engine, quiet=quiet)
            ranking = _ranked.rank(prepared.work, sizes, config.fuse)
            unfinished = folder / output.name
            rejected = _ranked.write_rejected(files.rejected, prepared.work, sizes)
            if not ranking.ranked:
                shutil.rmtree(folder / "parts")
                raise DataError(
                    f"{config.library}: none of its {rejected:,} rows could be scored; {files.rejected} says why."
                )
            _ranked.write_ranked(unfinished, prepared.work, sizes, ranking, prepared.actives)
            best = _ranked.best(unfinished, config.top)
            _write_structures(config, files, best)
            found = _summary(config, prepared, ranking, {**run, "engine": type(engine).__name__})
            found["counts"] |= {"read": sum(sizes), "unreadable": rejected}
            found["best"] = _ranked.as_records(best.head(10), [scorer["name"] for scorer in found["scorers"]])
            found["rates"]["wall_seconds"] = time.perf_counter() - begun
            write_json(files.note, found)
            unfinished.replace(output)
        shutil.rmtree(folder)
    return found


class _Files:
    """What a screen writes, all in one folder."""

    def __init__(self, output: Path) -> None:
        stem = Path(output.name.removesuffix(".gz")).stem
        self.ranked = output
        self.sdf, self.sheet = output.with_name(f"{stem}.sdf"), output.with_name(f"{stem}.svg")
        self.rejected, self.picked, self.note = (
            output.with_name(n) for n in ("rejected.tsv", "picked.tsv", "screen.json")
        )

    def refuse_existing(self, *, force: bool) -> None:
        """Stop before any work where one of them is there."""
        for path in (self.ranked, self.sdf, self.sheet, self.rejected, self.picked, self.note):
            refuse_existing(path, force=force)


@contextmanager
def _folder(prepared: Prepared, *, force: bool) -> Iterator[None]:
    """The folder of an unfinished screen: of this very request, or new; left only where there is work to keep."""
    folder, note = prepared.work.folder, prepared.work.folder / NOTE
    if folder.exists() and not (note.is_file() and read_json(note)["key"] == prepared.key):
        if not force:
            raise RunExistsError(
                f"{folder} holds an unfinished screen of another request, or other data. Repeat that command to finish "
                "it, choose another -o, or pass --force to discard it."
            )
        if any(folder.iterdir()) and not note.is_file():
            raise RunExistsError(f"{folder} was not made by exapt, so --force does not replace it. Choose another -o.")
        shutil.rmtree(folder)
    for left in folder.rglob(".*.tmp"):  # of a process that was killed while it wrote
        left.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    write_json(note, {"key": prepared.key})
    try:
        yield
    except ExaptError:
        if not any((folder / "parts").glob("*.parquet")):
            shutil.rmtree(folder)
        raise


def _score(work: Work, sizes: Sequence[int], engine: Engine, *, quiet: bool) -> dict[str, Any]:
    """Have all parts made; returns how fast it went."""
    missing = [number for number in range(len(sizes)) if not work.part(number).is_file()]
    earlier = sum(sizes) - sum(sizes[number] for number in missing)
    start, finished = time.perf_counter(), 0
    with bar("screen", sum(sizes), unit="molecules", done=earlier, quiet=quiet) as progress:
        if missing:
            for done in engine(work, missing):
                finished += done.rows
                progress.advance(done.rows)
    lost = [number for number in missing if not work.part(number).is_file()]
    if lost:
        raise ExaptError(f"{work.part(lost[0])} is missing, and {len(lost) - 1} more. Repeat the command.")
    seconds = time.perf_counter() - start
    speed = finished / seconds if finished else None
    return {"screened": finished, "from_earlier": earlier, "seconds": seconds, "molecules_per_second": speed}


def _write_structures(config: ScreenConfig, files: _Files, best: Any) -> None:
    """SDF of the top, the picked ones, and the contact sheet."""
    from exapt.api._ranked import DUPLICATE
    from exapt.bio.chem.diversity import pick
    from exapt.bio.chem.drawing import contact_sheet
    from exapt.bio.formats.sdf_records import write_sdf

    properties = {name: best[name].tolist() for name in best.columns if name not in ("id", "smiles")}
    with atomic(files.sdf) as temporary, temporary.open("w", encoding="utf-8") as file:
        write_sdf(file, best["smiles"].tolist(), best["id"].tolist(), properties)
    single = best[~best["marks"].str.endswith(DUPLICATE)].reset_index(drop=True)
    files.picked.unlink(missing_ok=True)  # of an earlier screen that --force replaces
    shown, heading = single.head(SHOWN), f"best of {config.library}"
    if config.pick:
        chosen = single.iloc[pick(single["smiles"].tolist(), min(config.pick, len(single)))]
        write_text(files.picked, chosen.to_csv(sep="\t", index=False, quoting=csv.QUOTE_NONE))
        shown, heading = chosen.head(SHOWN), f"picked from {config.library}"
    titles = [" · ".join(row) for row in zip(shown["rank"], shown["score"], shown["id"], strict=True)]
    write_text(files.sheet, contact_sheet(shown["smiles"].tolist(), titles, shown["marks"].tolist(), heading=heading))


def _summary(config: ScreenConfig, prepared: Prepared, ranking: Any, run: Mapping[str, Any]) -> dict[str, Any]:
    from exapt.core.provenance import provenance

    scorers = [{k: v for k, v in plain.items() if k not in ("actives", "inactives")} for plain in prepared.work.scorers]
    ranked = ranking.ranked
    return {
        "format_version": 1,
        "library": config.library,
        "counts": {
            "ranked": ranked,
            "duplicates": int(ranking.repeated.sum()),
            "marked": ranking.marked,
            "actives": len(prepared.actives),
        },
        "scorers": scorers,
        "fuse": config.fuse if len(scorers) > 1 else None,
        "filters": [*config.filters, *prepared.work.smarts],
        "rates": {
            **run,
            "core_seconds": ranking.seconds,
            "molecules_per_core_second": {k: ranked / v for k, v in ranking.seconds.items() if v > 0},
            "peak_memory_gib": _peak(),
        },
        "provenance": provenance(prepared.files, []),
    }


def _peak() -> dict[str, float]:
    """The largest memory of this process, and of the largest of those that it has started, in GiB."""
    if sys.platform != "linux":  # elsewhere it is not there, or in other units
        return {}
    import resource

    kinds = {"this_process": resource.RUSAGE_SELF, "largest_child": resource.RUSAGE_CHILDREN}
    return {name: resource.getrusage(kind).ru_maxrss / 2**20 for name, kind in kinds.items()}
