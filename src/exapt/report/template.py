"""The frame that all pages share: one file with style, script and figures inside, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from exapt.report.figures import COLOURS, FONTS, Drawing


def render(name: str, figures: Mapping[str, Drawing], **values: Any) -> str:
    """A page as text.

    Parameters
    ----------
    name
        Template in `html/`; it fills the blocks of `frame.html`.
    figures
        Name -> drawing; the macro `figure` of `parts.html` places them.
    values
        What else the template reads. A name that it reads and does not get is an error of jinja.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("exapt.report", "html"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    folder = resources.files("exapt.report.html")
    style, script = (Markup(folder.joinpath(file).read_text(encoding="utf-8")) for file in ("page.css", "page.js"))
    light, dark = (Markup(" ".join(f"--{key}: {pair[row]};" for key, pair in COLOURS.items())) for row in (0, 1))
    text = environment.get_template(name).render(
        figures=figures,
        inline={key: Markup(drawing.inline()) for key, drawing in figures.items()},
        colours=light,
        dark_colours=dark,
        fonts=Markup(FONTS),
        style=style,
        script=script,
        **values,
    )
    return re.sub(r"(\d) %", "\\1\N{NO-BREAK SPACE}%", text)
