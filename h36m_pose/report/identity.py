"""What a report was made from, so that one that shows it already is left as it is."""

import hashlib
import importlib.resources
import re
from pathlib import Path

from h36m_pose.predictions_file import PREDICTIONS_FILE
from h36m_pose.rendering.run_pictures import VIDEO_FILE
from h36m_pose.report.material import STAGES, Material
from h36m_pose.report.robustness_section import PICTURE_FILE, ROBUSTNESS_FILE
from h36m_pose.summary import RESULTS_FILE
from h36m_pose.training import run_folder

_OF_STAGE = (run_folder.CONFIG, run_folder.ENVIRONMENT, run_folder.FINISHED, run_folder.METRICS)
_MARK = re.compile(r'<meta name="made-from" content="([0-9a-f]{64})">')
_HEAD_BYTES = 2000


def identity_of(material: Material, with_camera_pictures: bool) -> str:
    """SHA-256 over the run's files, the dataset's fingerprint and the code that makes the page.

    Args:
        material: of `material.gather`.
        with_camera_pictures: whether the raw videos are at hand.
    """
    files = [RESULTS_FILE, PREDICTIONS_FILE, VIDEO_FILE, ROBUSTNESS_FILE, PICTURE_FILE]
    files += [f"{stage}/{name}" for stage in STAGES for name in _OF_STAGE]
    digest = hashlib.sha256(f"{material.run_dir.resolve().name} {with_camera_pictures}".encode())
    for name in files:
        path = material.run_dir / name
        digest.update(f"\n{name} ".encode() + (_digest_of(path) if path.is_file() else b"none"))
    digest.update((material.dataset.fingerprint if material.dataset else "no dataset").encode())
    for entry in sorted(importlib.resources.files("h36m_pose.report").iterdir(), key=lambda each: each.name):
        if entry.is_file():
            digest.update(entry.name.encode() + hashlib.sha256(entry.read_bytes()).digest())
    return digest.hexdigest()


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def identity_in(page: Path) -> str | None:
    """What the page at hand was made from; None if there is none."""
    if not page.is_file():
        return None
    with page.open("rb") as stream:
        found = _MARK.search(stream.read(_HEAD_BYTES).decode("utf-8", errors="replace"))
    return found.group(1) if found else None
