"""A folder with a file of every kind that tells where it comes from, and how to ask for it."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import stick_dataset
from drawn_run import write_drawn_run
from PIL import Image
from stick_dataset import write_stick_dataset

from h36m_pose import command_words, provenance
from h36m_pose.cli.main import main
from h36m_pose.predict.footage import open_footage
from h36m_pose.predict.output import write_all
from h36m_pose.predict.poses import Poses
from h36m_pose.rendering.media_files import new_video
from h36m_pose.rendering.run_pictures import render_run
from h36m_pose.training import checkpoint

FRAMES = {"S1": 7, "S5": 6, "S6": 6, "S7": 6, "S8": 6, "S9": 6, "S11": 10, "S101": 6}
PICTURES, SIDE = 3, 300
WEIGHTS = Path("runs/tiny/finetune/checkpoints/best_00000012")


def write_made(folder: Path) -> Path:
    """Has every verb write what it writes into a folder; returns the folder."""
    with contextlib.chdir(folder):
        dataset = write_stick_dataset(Path("data"), FRAMES)
        run = write_drawn_run(Path("runs/tiny"), dataset)
        assert main(["evaluate", "runs/tiny"]) == 0
        assert main(["robustness", "runs/tiny", "--only", "dark", "--every", "5"]) == 0
        shutil.copytree(run, "runs/other")
        assert main(["compare", "runs/tiny", "runs/other"]) == 0
        assert main(["pack", "data"]) == 0
        with command_words.at_work(["predict", "pictures", "--run", "runs/tiny", "--out", "poses"]):
            _write_poses(run)
        write_video(Path("raw.mp4"), FRAMES["S11"])
        with command_words.at_work(["render", "runs/tiny", "--root", "raw"]):
            render_run(Path("runs/tiny"), Path("data"), lambda view: Path("raw.mp4"), frames=2)
    return folder


def _write_poses(run: Path) -> None:
    """The folder of a prediction, of poses that no network was asked for."""
    Path("pictures").mkdir()
    for number in range(PICTURES):
        Image.new("RGB", (SIDE, SIDE), (40, 90, 50 * number)).save(f"pictures/{number}.png")
    joints = stick_dataset.poses(PICTURES, 1.0, np.random.default_rng(0))
    pixels = joints[..., :2] / 20 + SIDE / 2
    about = {
        "made_by": "h36m-pose predict", "source": "pictures", "run": str(run), "width_px": SIDE, "height_px": SIDE,
        "checkpoint_digest": checkpoint.digest(WEIGHTS), "person": {"silhouettes": "given"},
        "camera": {"assumed": False}, "domain": {"verdict": "inside"}, "smoothing": {"filter": "none"},
        provenance.KEY: provenance.record(**provenance.of_run(run)),
    }  # fmt: skip
    boxes = np.full((PICTURES, 4), 90.0, np.float32)
    poses = Poses(
        joints_root_mm=joints, smoothed_root_mm=None, mirrored_root_mm=joints, joints_px=pixels,
        box_px=boxes[:, :3], silhouette_px=boxes, valid=np.ones(PICTURES, bool), time_s=np.arange(PICTURES) / 25,
        domain_score=np.ones(PICTURES, np.float32), fps=25.0, about=about,
    )  # fmt: skip
    write_all(Path("poses"), poses, open_footage(Path("pictures"), 25.0), {}, silent=True)


def write_video(path: Path, frames: int) -> None:
    """A video of so many plain pictures."""
    with new_video(path, 320, 240, 25, "a test", "") as video:
        for number in range(frames):
            video.add(np.full((240, 320, 3), 40 + 5 * number, np.uint8))


def ask(capsys: pytest.CaptureFixture[str], path: str | Path, *options: str, status: int = 0) -> dict:
    capsys.readouterr()
    assert main(["whence", str(path), "--json", *options]) == status
    return json.loads(capsys.readouterr().out)


def verdicts(told: dict) -> dict[str, str]:
    return {check["subject"]: check["verdict"] for check in told["checks"]}


def flip(path: Path) -> None:
    """Changes one bit of a file."""
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
