"""Five cell types that sorted and clustered blood cells share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def five(labels: Iterable[str], shared: Mapping[str, tuple[str, ...]]) -> list[str | None]:
    """The shared type of each label, None where it has none.

    Examples
    --------
    >>> five(["CD19+ B", "CD34+"], {"B": ("CD19+ B",)})
    ['B', None]
    """
    of_label = {label: name for name, members in shared.items() for label in members}
    return [of_label.get(label) for label in labels]
