"""`compare_genomes`: two or more genomes against each other, as PAF, VCF, BED, tables and a page."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exapt.core.errors import ConfigError, RunExistsError
from exapt.core.paths import atomic, refuse_existing, write_json
from exapt.core.progress import bar

if TYPE_CHECKING:
    from exapt.api._genome_alleles import Judge, Scores
    from exapt.api._genome_opinion import Told
    from exapt.bio.compare.several import Result

SUMMARY = "summary.json"


def compare_genomes(  # noqa: PLR0913 - two arguments, the rest by keyword
    genomes: Sequence[str],
    output: Path,
    *,
    annotation: Sequence[str] = (),
    predict: bool = False,
    table: int = 11,
    circular: bool = False,
    embeddings: str | None = None,
    score: Path | None = None,
    of: str | None = None,
    window: int | None = None,
    force: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    r"""Compare genomes and write a folder.

    Parameters
    ----------
    genomes
        FASTA or GenBank files, ``FILE`` or ``NAME=FILE``; the first one is the reference of variants. Lower case is
        read as capitals.
    output
        Folder to write: alignment.paf, variants.vcf.gz with its index, structure.bed, identity.tsv, figures,
        report.html, summary.json; effects.tsv, orthologs.tsv and presence.tsv where genes are known; remote.tsv with
        `embeddings`, allele_scores.tsv with `score`.
    annotation
        GFF3, GTF or GenBank files, ``NAME=FILE`` or called like the genome.
    predict
        Find the genes of genomes without annotation; bacteria, archaea and their phages only.
    table
        Genetic code where the annotation does not say one.
    circular
        All contigs are circular; else those whose header or LOCUS line says so.
    embeddings
        Weights that read proteins (``cnn.proteins``), or a run of task `genome_comparison`, that give a second opinion
        on shared genes. None = not asked.
    score
        Folder of a run with one input of DNA, which scores both alleles of each small difference. None = no scores.
    of
        The class, label or target that `score` gives; None = the only one, or the second of two classes.
    window
        Letters around each difference that `score` reads; None = as many as half of its training rows had.
    force
        Replace a folder that an earlier comparison left.
    quiet
        No progress on stderr.

    Returns
    -------
    dict
        What `summary.json` holds: ``reference``, ``genomes``, ``identity``, ``variants``, ``structure``, ``genes``,
        ``second_opinion`` and ``scores`` (None where not asked), ``notes``, ``seconds``.

    Raises
    ------
    InputError
        Where a file cannot be read, is no DNA, an annotation is that of another genome, names repeat, or weights or a
        run cannot do what they are asked.
    RunExistsError
        Where the folder is there already.

    Examples
    --------
    >>> import tempfile
    >>> from exapt.bio.compare import simulate
    >>> folder = Path(tempfile.mkdtemp())
    >>> first = simulate.random_genome(6000, seed=1)
    >>> other = simulate.evolve(first, divergence=0.01, seed=2).letters
    >>> _ = (folder / "a.fa").write_text(f">c\n{first}\n")
    >>> _ = (folder / "b.fa").write_text(f">c\n{other}\n")
    >>> made = compare_genomes([f"{folder}/a.fa", f"{folder}/b.fa"], folder / "out", quiet=True)
    >>> made["variants"]["b"]["substitutions"]
    60
    """
    from exapt.api import _genome_files, _genome_page, _genome_sides
    from exapt.bio.compare.several import compare
    from exapt.report.genomes import write_genomes_report

    files = _genome_sides.named(genomes)
    given = _genome_sides.matched(annotation, files)
    _refuse(output, force=force)
    judge = _judge(score, of, window)
    _check_embeddings(embeddings)
    begun = time.perf_counter()
    with atomic(output) as folder:
        folder.mkdir()
        predicted = _predict(files, given, folder, table, circular, quiet) if predict else {}
        sides, notes = [], []
        for name, path in files.items():
            known = given.get(name) or predicted.get(name)
            side, odd = _genome_sides.read_side(name, path, known, table=table, circular=circular)
            sides.append(side)
            notes += odd
        notes += _without_genes([side.name for side in sides if side.genes is None])
        letters = sum(len(text) for pair in combinations(sides, 2) for side in pair for text in side.letters.values())
        with bar("genomes", letters, unit="bp", quiet=quiet) as progress:
            result = compare(sides, advance=lambda done: progress.advance(done))
        told, scores = _models(result, embeddings, judge, quiet=quiet)
        notes += _left_out(result, embeddings, scores)
        _genome_files.write_files(folder, result, told, scores)
        command = _command(files, given, output, predict=predict, table=table, circular=circular)
        command += _asked(embeddings, judge)
        write_genomes_report(folder, _genome_page.page_content(result, notes, command, told, scores))
        made = _summary(result, files, notes, time.perf_counter() - begun) | _more(told, scores)
        write_json(folder / SUMMARY, made)
        if output.exists():
            shutil.rmtree(output)
    return made


def _check_embeddings(weights: str | None) -> None:
    """Refuse weights that read no proteins before anything is compared."""
    if weights is not None:
        from exapt.api._genome_opinion import protein_encoder

        protein_encoder(weights)


def _models(
    result: Result, embeddings: str | None, judge: Judge | None, *, quiet: bool
) -> tuple[Told | None, Scores | None]:
    """What models say of a comparison; they are imported only where they are asked."""
    told = scores = None
    if embeddings is not None and result.shared is not None:
        from exapt.api._genome_opinion import ask

        told = ask(result, embeddings, quiet=quiet)
    if judge is not None:
        from exapt.api._genome_alleles import score_alleles

        scores = score_alleles(result, judge, quiet=quiet)
    return told, scores


def _judge(score: Path | None, of: str | None, window: int | None) -> Judge | None:
    if score is not None:
        from exapt.api._genome_alleles import open_judge

        return open_judge(score, of=of, window=window)
    if of is not None or window is not None:
        raise ConfigError(f"--{'window' if of is None else 'class'} says how --score is used. Give --score RUN, too.")
    return None


def _left_out(result: Result, embeddings: str | None, scores: Scores | None) -> list[str]:
    """What models were asked and could not say."""
    notes = []
    if embeddings is not None and result.shared is None:
        notes.append("--embeddings has nothing to say where the genes of one genome are not known.")
    if scores is not None and scores.skipped:
        notes.append(
            f"Differences without a score, because the window is longer than their contig: {scores.skipped:,}."
        )
    return notes


def _asked(embeddings: str | None, judge: Judge | None) -> str:
    """The rest of the command that repeats a comparison."""
    import shlex

    words = ["--embeddings", embeddings] if embeddings else []
    if judge:
        words += ["--score", str(judge.run), "--class", judge.explained, "--window", str(judge.window)]
    return f" {shlex.join(words)}" if words else ""


def _more(told: Told | None, scores: Scores | None) -> dict[str, Any]:
    """What models say, for the summary."""
    opinion = scored = None
    if told is not None:
        counts = Counter(told.opinion.agreement)
        agreement = {word: counts[word] for word in ("both", "one", "none")}
        opinion = {"weights": told.weights, "agreement": agreement, "remote": len(told.opinion.remote)}
    if scores is not None:
        judge = scores.judge
        scored = {"run": str(judge.run), "of": judge.explained, "unit": judge.unit, "window": judge.window}
        scored |= {"scored": len(scores.differences), "left_out": scores.skipped}
    return {"second_opinion": opinion, "scores": scored}


def _refuse(output: Path, *, force: bool) -> None:
    refuse_existing(output, force=force)
    if output.exists() and not (output / SUMMARY).is_file():
        raise RunExistsError(
            f"{output} was not made by exapt genomes, so --force does not replace it. Choose another -o."
        )


def _predict(
    files: Mapping[str, Path], given: Mapping[str, Path], folder: Path, table: int, circular: bool, quiet: bool
) -> dict[str, Path]:
    """Genome -> GFF3 of the genes that are found in it, for those that bring none."""
    from exapt.api._genome_sides import has_genes
    from exapt.api.genes import find_genes

    found = {}
    for name, path in files.items():
        if name not in given and not has_genes(path):
            found[name] = folder / "genes" / f"{name}.gff3"
            find_genes(path, found[name], table=table, circular=circular, quiet=quiet)
    return found


def _without_genes(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [
        f"No genes of {', '.join(names)} are known, so shared genes are not told. Give --annotation, or --predict for "
        "bacteria, archaea and their phages."
    ]


def _command(
    files: Mapping[str, Path], given: Mapping[str, Path], output: Path, *, predict: bool, table: int, circular: bool
) -> str:
    import shlex

    words = ["exapt", "genomes", *(f"{name}={path}" for name, path in files.items())]
    words += [word for name, path in given.items() for word in ("--annotation", f"{name}={path}")]
    words += ["--predict"] * predict + ["--circular"] * circular + (["--table", str(table)] if table != 11 else [])
    return shlex.join([*words, "-o", str(output)])


def _summary(result: Result, files: Mapping[str, Path], notes: Sequence[str], seconds: float) -> dict[str, Any]:
    from exapt.api._genome_files import identity_table, variant_counts
    from exapt.core.provenance import code_version, sha256

    genomes = {
        side.name: {
            "file": str(files[side.name]),
            "sha256": sha256(files[side.name]),
            "contigs": len(side.letters),
            "letters": sum(map(len, side.letters.values())),
            "genes": None if side.genes is None else len(side.genes),
        }
        for side in result.sides
    }
    variants = {
        other.side.name: {**variant_counts(other), "effects": dict(Counter(one.kind for one in other.effects))}
        for other in result.against
    }
    groups: dict[str, Any] | None = None
    if result.shared is not None:
        kinds = Counter(group.kind for group in result.shared.groups)
        groups = {kind: kinds[kind] for kind in ("core", "accessory", "unique")}
        groups |= {"pairs": len(result.shared.pairs), "found_by": result.shared.tool}
    return {
        "reference": result.sides[0].name,
        "genomes": genomes,
        "identity": identity_table(result).to_dict("records"),
        "variants": variants,
        "structure": {other.side.name: dict(Counter(one.kind for one in other.large)) for other in result.against},
        "genes": groups,
        "notes": list(notes),
        "seconds": seconds,
        "exapt": code_version(),
    }
