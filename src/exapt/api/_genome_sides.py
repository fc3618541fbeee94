"""From the files of a user to genomes with their genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from exapt.bio.compare.coding import codings
from exapt.bio.compare.several import Side
from exapt.bio.formats import genbank, genome, gff3, gtf
from exapt.bio.formats.annotation import Annotation
from exapt.bio.formats.compressed import open_binary
from exapt.bio.formats.consistency import reconcile
from exapt.core.errors import ConfigError, nearest

_PACKED = (".gz", ".bgz")


def named(texts: Sequence[str]) -> dict[str, Path]:
    """Name -> file, from ``FILE`` or ``NAME=FILE``.

    Raises
    ------
    ConfigError
        Where there are fewer than two, or two have the same name.

    Examples
    --------
    >>> named(["x/k12.fa.gz", "sakai=x/genomic.fna"])
    {'k12': PosixPath('x/k12.fa.gz'), 'sakai': PosixPath('x/genomic.fna')}
    """
    if len(texts) < 2:
        raise ConfigError(f"A comparison needs at least two genomes; found {len(texts)}. Give A.fa B.fa ...")
    found: dict[str, Path] = {}
    for text in texts:
        name, path = _pair(text)
        if name in found:
            raise ConfigError(
                f"Two genomes are called {name!r}: {found[name]} and {path}. Name them: {name}_1={found[name]} "
                f"{name}_2={path}."
            )
        if not name or set(name) & set("\t\n #"):
            raise ConfigError(f"{name!r} is no name of a genome: no blanks, tabs or #. Write NAME={path}.")
        found[name] = path
    return found


def _pair(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if equals and not Path(text).exists():
        return name, Path(path)
    return stem(Path(text)), Path(text)


def stem(path: Path) -> str:
    """Name of a file without its folder and its endings."""
    return Path(path.stem).stem if path.suffix in _PACKED else path.stem


def matched(texts: Sequence[str], genomes: Mapping[str, Path]) -> dict[str, Path]:
    """Name of a genome -> its annotation, from ``NAME=FILE``, or files that are called like the genome.

    Raises
    ------
    ConfigError
        Where a file belongs to no genome, or a genome has two.
    """
    found: dict[str, Path] = {}
    for text in texts:
        name, path = _pair(text)
        if name not in genomes:
            raise ConfigError(
                f"--annotation {text}: no genome is called {name!r}. {nearest(name, genomes)} Write NAME={path}."
            )
        if name in found:
            raise ConfigError(f"--annotation: genome {name!r} has two, {found[name]} and {path}. Give one.")
        found[name] = path
    return found


def read_side(name: str, path: Path, annotation: Path | None, *, table: int, circular: bool) -> tuple[Side, list[str]]:
    """A genome, and sentences on what is odd in its annotation.

    Raises
    ------
    DataError
        Where a file cannot be read, is no DNA, or the annotation is that of another genome.
    """
    with open_binary(path) as file:
        flat = file.read(5) == b"LOCUS"
    own = genbank.read(path) if flat else None
    found = genome.of_annotation(own) if own else genome.read(path, upper=True)
    if circular:
        contigs = {key: replace(contig, circular=True) for key, contig in found.contigs.items()}
        found = replace(found, contigs=contigs)
    letters = {key: found.fetch(key).upper() for key in found.contigs}
    given = read_annotation(annotation) if annotation else own if own and own.of("CDS") else None
    if given is None:
        return Side(name, letters, found.contigs), []
    sound, problems = reconcile(given, found)
    notes = []
    if problems:
        notes.append(f"{name}: {len(problems)} oddities of its annotation, the first: {problems[0].text}.")
    genes = codings(sound, letters, table=table)
    if not genes:
        notes.append(f"{name}: its annotation has no coding sequence (type CDS).")
    return Side(name, letters, sound.contigs, genes), notes


def read_annotation(path: Path) -> Annotation:
    """GFF3, GTF or GenBank, told by the ending and the first letters."""
    with open_binary(path) as file:
        if file.read(5) == b"LOCUS":
            return genbank.read(path)
    ending = Path(path.stem).suffix if path.suffix in _PACKED else path.suffix
    return gtf.read(path) if ending == ".gtf" else gff3.read(path)


def has_genes(path: Path) -> bool:
    """Whether a genome brings its genes: a GenBank file with coding sequences."""
    with open_binary(path) as file:
        flat = file.read(5) == b"LOCUS"
    return flat and bool(genbank.read(path).of("CDS"))
