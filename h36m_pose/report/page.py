"""Puts sections, style and script together into one file that needs no other."""

import base64
import hashlib
import json
from collections.abc import Sequence

from h36m_pose.report.section import Section, text
from h36m_pose.report.templates import filled, resource

_SCRIPTS = ("page.js", "scene.js", "explanation.js", "player.js", "maps.js")

_SHORT = {
    "player": "Player", "errors": "Errors", "curves": "Learning", "frames": "Frames", "grid": "Grid",
    "maps": "What it sees", "trust": "Trust", "robustness": "Spoilt pictures", "video": "Video",
    "provenance": "How made",
}  # fmt: skip
"""Titles of sections in the bar at the top, where the whole ones would not fit."""


def assemble(title: str, sections: Sequence[Section], footer: str, made_from: str = "", whence: str = "{}") -> str:
    """The page.

    Nothing is fetched: its Content-Security-Policy allows its own style and scripts, by their digests, and pictures and
    videos within it.

    Args:
        title: of the browser's tab.
        sections: the first is the opening.
        footer: HTML.
        made_from: of `identity.identity_of`.
        whence: where it comes from, a record of `provenance.record` as JSON.
    """
    style = resource("style.css")
    script = "\n".join(resource(name) for name in _SCRIPTS)
    links = "".join(
        f'<li><a href="#{each.name}">{text(_SHORT.get(each.name, each.title))}</a></li>' for each in sections[1:]
    )
    first, *others = sections
    body = f'<section id="{first.name}"><h1>{text(first.title)}</h1>{first.body}</section>'
    body += "".join(
        f'<section id="{each.name}" aria-labelledby="{each.name}-title"><h2 id="{each.name}-title">{text(each.title)}'
        f"</h2>{each.body}</section>"
        for each in others
    )
    data = "".join(
        f'<script type="application/json" id="data-{each.name}">{_json(each)}</script>'
        for each in sections
        if each.data is not None
    )
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )
    return filled(
        "page.html",
        POLICY=policy,
        TITLE=text(title),
        MADE_FROM=made_from,
        WHENCE=text(whence),
        STYLE=style,
        LINKS=links,
        BODY=body,
        FOOTER=footer,
        DATA=data,
        SCRIPT=script,
    )


def _json(section: Section) -> str:
    """Data as JSON that cannot end the element it stands in."""
    words = json.dumps(section.data, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return words.replace("<", "\\u003c")


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode("ascii")
