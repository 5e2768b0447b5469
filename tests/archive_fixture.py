"""Archives as people have them on disk, made of a small capture; for tests."""

from pathlib import Path

from test_archives import pack

from preprocessing.archive_source import ArchiveSource

KINDS = {
    "Videos": ".mp4",
    "MyPoseFeatures/D2_Positions": ".cdf",
    "MyPoseFeatures/D3_Positions_mono": ".cdf",
    "MyPoseFeatures/D3_Positions": ".cdf",
    "MySegmentsMat/ground_truth_bs": ".mat",
}


def pack_subject(raw: Path, archives: Path, subject: str = "S1", called: str = "{kind}_{subject}.tgz") -> None:
    """Packs the files of a subject as the download site does: an archive per kind."""
    for kind in KINDS:
        name = called.format(kind=kind.replace("/", "_"), subject=subject)
        files = sorted((raw / subject / kind).iterdir())
        pack(archives / name, {f"{subject}/{kind}/{path.name}": path.read_bytes() for path in files})


def small(archives: Path, subjects: tuple[str, ...] = ("S1", "S5"), trials: tuple[str, ...] = ("Walking 1",)) -> Path:
    """Archives whose files are no videos and poses at all, for what does not look into them."""
    for subject in subjects:
        for kind, suffix in KINDS.items():
            cameras = [""] if kind.endswith("D3_Positions") else [".54138969", ".55011271"]
            names = [f"{subject}/{kind}/{trial}{camera}{suffix}" for trial in trials for camera in cameras]
            pack(archives / f"{kind.replace('/', '_')}_{subject}.tgz", {name: name.encode() * 99 for name in names})
    return archives


def source(root: Path, dataset: Path, actions: tuple[str, ...] = ("Walking",)) -> ArchiveSource:
    dataset.mkdir(exist_ok=True)
    return ArchiveSource(root, dataset, actions)


def staged(dataset: Path) -> list[str]:
    folder = dataset / ".staging"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
