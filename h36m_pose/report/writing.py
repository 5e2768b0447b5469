"""Makes the report of a run: `report.html` in its folder."""

import base64
import functools
import json
from collections.abc import Callable, Sequence

import h36m_pose
from h36m_pose import provenance
from h36m_pose.atomic_files import replacing
from h36m_pose.data.chosen_views import training_views
from h36m_pose.data.dataset import View
from h36m_pose.data.protocols import split
from h36m_pose.progress import bar
from h36m_pose.rendering.media_files import read_frames
from h36m_pose.rendering.run_pictures import VIDEO_FILE
from h36m_pose.report.curves import curves_section
from h36m_pose.report.errors import errors_section, results_section
from h36m_pose.report.frames import frames_section
from h36m_pose.report.glossary import glossary_section
from h36m_pose.report.headline import headline
from h36m_pose.report.identity import identity_in, identity_of
from h36m_pose.report.insides_sections import GRID_TITLE, MAPS_TITLE, grid_section, maps_section
from h36m_pose.report.material import Material
from h36m_pose.report.page import assemble
from h36m_pose.report.pictures import jpeg_uri
from h36m_pose.report.player import VideoOf, player_section
from h36m_pose.report.provenance import provenance_section
from h36m_pose.report.robustness_section import robustness_section
from h36m_pose.report.section import Section, missing, text
from h36m_pose.report.trust_section import check_sequences, trust_section

REPORT_FILE = "report.html"
_POSTER_QUALITY = 80

EMBEDDED_VIDEO_BYTES = 6_000_000
"""Larger videos are linked, not embedded."""


def write_report(material: Material, video_of: VideoOf | None = None) -> bool:
    """Writes a run's report into its folder, atomically; the same inputs give the same bytes.

    Args:
        material: of `material.gather`.
        video_of: where the raw video of a view lies, for the camera's pictures in the player; None without them.

    Returns:
        Whether it was written: a report that was made from the same files by the same code is left as it is.

    Raises:
        InputError: if a checkpoint is damaged, or the raw video of a sequence is not usable.
    """
    path = material.run_dir / REPORT_FILE
    identity = identity_of(material, video_of is not None)
    if identity_in(path) == identity:
        return False
    makers = _makers(material, video_of)
    sections = []
    with bar(len(makers), "report", " section") as progress:
        for make in makers:
            sections.append(make())
            progress.update()
    footer = (
        f"<p>Written by h36m-pose {text(h36m_pose.__version__)}. This page needs no network and sends nothing. Poses "
        "and pictures in it are those of the capture named above.</p>"
    )
    whence = json.dumps(provenance.record(**provenance.of_results(material.results)))
    page = assemble(f"{material.run_dir.resolve().name}: 3D pose report", sections, footer, identity, whence)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return True


def _makers(material: Material, video_of: VideoOf | None) -> list[Callable[[], Section]]:
    """What makes each section, in the page's order."""
    checks = functools.cache(lambda: check_sequences(material))
    with_pictures: list[tuple[str, str, Callable[[], Section]]] = [
        (
            "player",
            "Watch it walk",
            lambda: player_section(material, checks(), _training_views(material), video_of),
        ),
        ("frames", "Worst and most ordinary frames", lambda: frames_section(material)),
        ("grid", GRID_TITLE, lambda: grid_section(material)),
        ("maps", MAPS_TITLE, lambda: maps_section(material)),
        ("trust", "Can it be trusted without the truth?", lambda: trust_section(material, checks())),
    ]
    player, frames, grid, maps, trust = (_if_there(material, *each) for each in with_pictures)
    return [
        lambda: headline(material),
        player,
        lambda: results_section(material),
        lambda: errors_section(material),
        lambda: curves_section(material),
        frames,
        grid,
        maps,
        trust,
        lambda: robustness_section(material),
        lambda: video_section(material),
        lambda: provenance_section(material),
        glossary_section,
    ]


def _if_there(material: Material, name: str, title: str, make: Callable[[], Section]) -> Callable[[], Section]:
    """The maker of a section that needs predictions and the dataset; of a remark if they are missing."""
    run = material.run_dir
    if material.predictions is None:
        why, command = "The predictions (predictions.npz) are missing.", f"h36m-pose evaluate {run}"
    elif material.dataset is None:
        why = f"The dataset ({material.dataset_dir}) is not here."
        command = f"h36m-pose report {run} --dataset DATASET"
    else:
        return make
    return lambda: missing(name, title, why, command)


def _training_views(material: Material) -> Sequence[View]:
    """The views that the run learnt from; none if its settings are not known."""
    if "finetune" not in material.stages or material.dataset is None:
        return ()
    dataset, data = material.dataset, material.stages["finetune"].config["settings"]["data"]
    cameras = {view.camera_id for view in dataset.views}
    sides = split(
        dataset.subjects,
        data["protocol"],
        data["validation_subjects"],
        data["crowd"],
        data.get("left_out_cameras", ()),
        cameras,
    )
    return training_views(dataset, sides)


def video_section(material: Material) -> Section:
    """The rendered video: in the page if it is small enough, linked otherwise."""
    title, path = "The video", material.run_dir / VIDEO_FILE
    if not path.is_file():
        command = f"h36m-pose render {material.run_dir} --root RAW"
        return missing("video", title, "No video was rendered from this run.", command)
    size = path.stat().st_size
    if size > EMBEDDED_VIDEO_BYTES:
        return Section(
            "video",
            title,
            f'<p class="remark">The rendered walk ({size / 1e6:.0f} MB) is too large to be part of this page; it lies '
            f'beside it: <a href="{VIDEO_FILE}">{VIDEO_FILE}</a></p>',
        )
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    poster = jpeg_uri(next(read_frames(path, 0, 1)), _POSTER_QUALITY)
    body = (
        "<p>One test walk at half speed: the camera's picture with the predicted skeleton, the network's input, the "
        "predicted and the true skeleton from two sides, and the error over time.</p>"
        f'<video controls preload="metadata" poster="{poster}" '
        f'src="data:video/mp4;base64,{encoded}" aria-label="Video of a test walk, predicted beside true"></video>'
    )
    return Section("video", title, body)
