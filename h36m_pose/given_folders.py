"""Are the folders there that a command was given? Asked before anything heavy is imported, so that typing errors answer
at once; what is in them is looked at later."""

from pathlib import Path

from h36m_pose.errors import InputError


def require_raw(root: Path) -> None:
    """Raises InputError unless there is a folder for raw files."""
    expected, mend = "a folder that holds S1, S5, ...", "Give the folder of the Human3.6M archives, or of their files"
    if not root.exists():
        raise InputError(root, "nothing of that name", expected, mend)
    if not root.is_dir():
        raise InputError(root, "a file", expected, mend)


def require_dataset(folder: Path | None) -> None:
    """Raises InputError if a dataset was named and is no folder."""
    if folder is not None and not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise InputError(folder, found, "a preprocessed dataset", f"Make it: h36m-pose preprocess ROOT {folder}")


def require_pack(path: Path) -> None:
    """Raises InputError unless there is a file."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise InputError(path, found, "a pack", "Make one: h36m-pose pack DATASET FILE")


def require_run(folder: Path) -> None:
    """Raises InputError unless there is a run's folder."""
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        mend = f"Train one: h36m-pose train pretrain --experiment E --dataset D --run {folder}"
        raise InputError(folder, found, "a run's folder", mend)


def require_place(folder: Path) -> None:
    """Raises InputError if a folder cannot be made because a file stands at its place or above it."""
    for above in (folder, *folder.absolute().parents):
        if above.exists():
            if not above.is_dir():
                raise InputError(above, "a file", "a folder, or nothing yet", "Give another name")
            return
