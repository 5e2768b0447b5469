"""Compares raw files with what the studio recorded of them.

One wrong bit in a video leaves it decodable more often than not, and nothing but a digest tells. The release has no
digests, so there it is not checkable; of a synthetic capture, `capture.json` has one for every file.
"""

import json
from pathlib import Path
from typing import Any

from h36m_pose.errors import InputError
from preprocessing.catalog import ViewFiles, files_of
from preprocessing.raw_source import STUDIO_RECORD
from preprocessing.sources import Sources


def require_recorded(files: ViewFiles, sources: Sources) -> None:
    """Makes sure that the files of a view are those that the studio wrote, if it did.

    Args:
        files: of the view; the record is looked for beside the subject's folder.
        sources: what `sources.describe` gave for them.

    Raises:
        InputError: if a file has other bytes than were recorded, or if the record is damaged.
    """
    recorded = _recorded(files.video.parents[2] / STUDIO_RECORD)
    names = files_of(Path(files.subject), files.subject, files.trial, files.camera_id)
    for kind, source in sources.items():
        digest = recorded.get(getattr(names, kind).as_posix())
        if source and digest and source["sha256"] != digest:
            found = f"other bytes than the studio wrote (SHA-256 {source['sha256'][:12]}...)"
            mend = "Copy it again, or run the same h36m-pose capture again, which films it afresh"
            raise InputError(getattr(files, kind), found, f"{digest[:12]}..., as {STUDIO_RECORD} records", mend)


def _recorded(path: Path) -> dict[str, str]:
    """Digests by the files' paths below the root; none if nothing is recorded."""
    if not path.is_file():
        return {}
    try:
        held: dict[str, dict[str, Any]] = json.loads(path.read_bytes())["files"]
        return {name: str(facts["sha256"]) for name, facts in held.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        mend = "Copy it again, or move it away to do without its digests"
        raise InputError(path, "a damaged record", "the JSON that the studio wrote", mend) from error
