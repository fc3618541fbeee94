"""Motifs in the attributions of a run: found, compared with known ones, written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.motifs import files
from exapt.bio.motifs.compare import Library
from exapt.bio.motifs.discovery import Pattern, discover
from exapt.bio.motifs.motif import Motif
from exapt.core.errors import InputError
from exapt.core.provenance import code_version
from exapt.data import cards
from exapt.report.figures.logo import Logo
from exapt.report.motifs import FoundMotif, MotifsContent, write_motifs_report

Floats = NDArray[np.float64]
BEST = 5  # known motifs that are named for each one found
ALIKE = 0.05  # q of a match that is called one
LIKELY = 0.001  # p of a match that is drawn and named with its doubt


@dataclass(frozen=True)
class Searched:
    """What motifs are looked for in, of one input column.

    Attributes
    ----------
    ids, sequences
        Of n rows.
    contributions
        (L,) of each sequence.
    explained
        Name of the output that each row's contributions belong to.
    """

    ids: Sequence[str]
    sequences: Sequence[str]
    contributions: Sequence[Floats]
    explained: Sequence[str]


@dataclass(frozen=True)
class Found:
    """A pattern, what it speaks for or against, and the known motifs that it is like."""

    pattern: Pattern
    explained: str
    matches: pd.DataFrame


def known_motifs(name: str) -> list[Motif]:
    """The motifs of a file or of a card of motifs.

    Raises
    ------
    InputError
        Where the name is neither, or the card is one of something else.
    """
    if name in cards.names():
        card = cards.read(name)
        if card.parser.name != "motifs":
            raise InputError(f"--motifs: card {name!r} is no collection of motifs. Take jaspar2024_core, or a file.")
        return [motif for path in cards.fetch(card).values() for motif in files.read(path)]
    if not Path(name).is_file():
        raise InputError(f"--motifs {name}: no such file, and no card of motifs. Take jaspar2024_core, or a file.")
    return files.read(Path(name))


def search(searched: Searched, library: Library) -> list[Found]:
    """Motifs that speak for and against each explained output, those with most sites first."""
    patterns: list[tuple[str, Pattern]] = []
    for name in dict.fromkeys(searched.explained):
        rows = [row for row, other in enumerate(searched.explained) if other == name]
        sequences, values = [searched.sequences[row] for row in rows], [searched.contributions[row] for row in rows]
        for sign in (1, -1):
            for pattern in discover(sequences, values, sign=sign):
                back = pattern.sites.assign(row=np.array(rows)[pattern.sites["row"].to_numpy()])
                patterns.append((name, Pattern(pattern.motif, pattern.effect, back, sign)))
    patterns.sort(key=lambda one: -len(one[1].sites))
    found = []
    for number, (name, pattern) in enumerate(patterns, start=1):
        motif = Motif(f"motif_{number}", pattern.motif.name, pattern.motif.counts)
        one = Pattern(motif, pattern.effect, pattern.sites, pattern.sign)
        found.append(Found(one, name, library.matches(motif, BEST)))
    return found


def write_motifs(
    folder: Path, searched: Searched, known: Sequence[Motif], *, run: str, reference: str, command: str
) -> dict[str, Any]:
    """Search, and write motifs.meme, motifs.tsv, motif_sites.tsv, motifs.html and its figures.

    Returns
    -------
    dict
        reference, known (their number), found (a list: motif, consensus, explained, effect, sites, match, p, q), and
        sentence.
    """
    found = search(searched, Library(known))
    files.write_meme(folder / "motifs.meme", [one.pattern.motif for one in found])
    about = {motif.id: motif for motif in known}
    _table(found, about).to_csv(folder / "motifs.tsv", sep="\t", index=False, float_format="%.6g")
    _sites(found, searched.ids).to_csv(folder / "motif_sites.tsv", sep="\t", index=False, float_format="%.6g")
    note = {
        "reference": reference,
        "known": len(known),
        "found": [_summary(one) for one in found],
        "sentence": _headline(found, len(searched.ids)),
    }
    facts = [
        ("Looked at", f"{len(searched.ids):,} sequences."),
        ("Compared with", f"{len(known):,} motifs of {reference}."),
    ]
    shown = [_shown(one, about) for one in found]
    content = MotifsContent(run, str(note["sentence"]), facts, shown, command, code_version())
    write_motifs_report(folder, content)
    return note


def _effect(one: Found) -> str:
    return "for" if one.pattern.sign > 0 else "against"


def _summary(one: Found) -> dict[str, Any]:
    best = one.matches.iloc[0]
    said: dict[str, Any] = {
        "motif": one.pattern.motif.id,
        "consensus": one.pattern.motif.name,
        "explained": one.explained,
    }
    said |= {"effect": _effect(one), "sites": len(one.pattern.sites)}
    return {**said, "match": f"{best['id']} {best['name']}", "p": float(best["p"]), "q": float(best["q"])}


def _headline(found: Sequence[Found], rows: int) -> str:
    if not found:
        return (
            f"No motif: in {rows:,} sequences fewer than 20 windows of important letters look alike. "
            "More rows (--n) help."
        )
    sure = [one for one in found if one.matches["q"].iloc[0] <= ALIKE]
    names = ", ".join(dict.fromkeys(str(one.matches["name"].iloc[0]) for one in sure))
    said = f"{len(found)} motif{'s' if len(found) > 1 else ''} found in {rows:,} sequences; "
    return said + (f"like known ones: {names} (q at most 0.05)." if sure else "none like a known one at q of 0.05.")


def _table(found: Sequence[Found], about: dict[str, Motif]) -> pd.DataFrame:
    """One row a motif and known motif."""
    columns = ["motif", "consensus", "explained", "effect", "sites", "rows", "rank", "match", "name"]
    columns += ["tax_group", "tf_family", "p", "q", "e", "offset", "overlap", "strand"]
    rows: list[dict[str, Any]] = []
    for one in found:
        first = _summary(one) | {"rows": one.pattern.sites["row"].nunique()}
        for rank, match in enumerate(one.matches.to_dict("records"), start=1):
            known = about[str(match["id"])].about
            said = {key: known.get(key, "") for key in ("tax_group", "tf_family")}
            like = {str(key): value for key, value in match.items()}
            rows.append({**first, **like, **said, "rank": rank, "match": like["id"]})
    return pd.DataFrame(rows, columns=columns)


def _sites(found: Sequence[Found], ids: Sequence[str]) -> pd.DataFrame:
    """Places in the sequences, 0-based and half-open; score is the sum of the contributions around the centre."""
    columns = ["id", "start", "end", "strand", "motif", "score"]
    frames = [
        one.pattern.sites.assign(id=np.array(ids, dtype=object)[one.pattern.sites["row"]], motif=one.pattern.motif.id)
        for one in found
    ]
    return pd.concat(frames)[columns] if frames else pd.DataFrame(columns=columns)


def _shown(one: Found, about: dict[str, Motif]) -> FoundMotif:
    pattern, best = one.pattern, one.matches.iloc[0]
    motif, sites = pattern.motif, pattern.sites
    sentence = (
        f"{motif.name}: {len(sites):,} sites in {sites['row'].nunique():,} sequences speak {_effect(one)} "
        f"{one.explained}, each by {abs(sites['score'].mean()):.3g} on average."
    )
    known = None
    if best["p"] <= LIKELY:
        like = about[best["id"]]
        like = like.reverse_complement() if best["strand"] == "-" else like
        title = f"{best['name']} {best['id']}{', other strand' if best['strand'] == '-' else ''}, p = {best['p']:.1e}"
        known = _logo(title, like, int(best["offset"]))
    matches = [
        {
            "known motif": f"{row['name']} ({row['id']})",
            "family": about[row["id"]].about.get("tf_family", ""),
            "of": about[row["id"]].about.get("tax_group", ""),
            "p": f"{row['p']:.1e}",
            "q": f"{row['q']:.2g}",
            "strand": row["strand"],
            "positions": str(row["overlap"]),
        }
        for row in one.matches.to_dict("records")
    ]
    return FoundMotif(motif.id, sentence, _logo(f"{motif.id}, {len(sites)} sites", motif), known, matches)


def _logo(title: str, motif: Motif, offset: int = 0) -> Logo:
    return Logo(title, motif.frequencies(), motif.information(), offset)
