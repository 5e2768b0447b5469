"""What is known of a file, as lines for people and as JSON."""

import json
import re
from collections.abc import Sequence
from typing import Any

from h36m_pose.whence.checks import Check
from h36m_pose.whence.origin import Origin

_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28,52}\b")
_WIDTH = 11


def as_text(origin: Origin, checks: Sequence[Check] | None) -> str:
    """A few lines; digests are cut to twelve characters.

    Args:
        origin: of `origin.origin_of`.
        checks: of `checks.checks_of`; None if nothing was compared.
    """
    lines = [f"{origin.path}: {origin.what}"]
    lines += [f"  {name:<{_WIDTH}}{value}" for name, value in _facts(origin) if value]
    lines += [f"  {'again' if place == 0 else '':<{_WIDTH}}{each}" for place, each in enumerate(origin.again)]
    lines += [f"  {'note':<{_WIDTH}}{each}" for each in origin.notes]
    lines += [f"  {check.verdict:<{_WIDTH}}{check.subject} {check.words}" for check in checks or ()]
    if checks is not None and not checks:
        lines.append(f"  {'not there':<{_WIDTH}}anything to compare with")
    return "\n".join(lines)


def _facts(origin: Origin) -> list[tuple[str, str]]:
    record = origin.record
    runs = [record, *(each for each in record.get("runs", ()) if isinstance(each, dict))]
    facts = [("run", _listed([each.get("run"), _named("weights", each.get("weights"))])) for each in runs]
    facts.append(("dataset", _listed([record.get("dataset"), record.get("protocol")])))
    facts.append(("tested on", record.get("tested_on", "")))
    facts.append(("settings", record.get("settings", "")))
    facts.append(("trained by", _named("commit", record.get("trained_by"))))
    facts.append(("written by", _listed([record.get("made_by"), _named("commit", record.get("commit"))])))
    return [(name, _DIGEST.sub(r"\1", value)) for name, value in facts]


def _listed(parts: Sequence[str | None]) -> str:
    return ", ".join(part for part in parts if part)


def _named(name: str, value: str | None) -> str:
    return f"{name} {value}" if value else ""


def as_json(origin: Origin, checks: Sequence[Check] | None) -> str:
    """The same with whole digests."""
    told: dict[str, Any] = {
        "path": str(origin.path),
        "what": origin.what,
        "record": origin.record,
        "again": list(origin.again),
        "notes": list(origin.notes),
    }
    if checks is not None:
        told["checks"] = [check._asdict() for check in checks]
    return json.dumps(told, indent=1)
