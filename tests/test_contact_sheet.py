"""`h36m-pose inspect`: what it shows is what the dataset holds, and what does not fit is pointed out."""

import dataclasses
import shutil
import tarfile
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from raw_fixture import CAMERAS, WIDTH, make_capture, write_cdf, write_masks

from h36m_pose import grid
from h36m_pose.cli.inspect import choose_view
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.errors import InputError
from h36m_pose.rendering import contact_sheet as drawing
from preprocessing.build import build
from preprocessing.catalog import find_views
from preprocessing.contact_sheet import MOST_UNLIKE_MM, Look, ViewLook, choose_frames, look_at_view, rgb_of
from preprocessing.masks import open_masks
from preprocessing.poses import read_positions
from preprocessing.release import ACTIONS
from preprocessing.video import Picture, color_frames, pictures
from preprocessing.view import Parameters

FRAMES = 11
NAME = f"Walking 1.{CAMERAS[0]}"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of two views, with a mask file and without; not to be changed."""
    folder = tmp_path_factory.mktemp("original")
    make_capture(folder / "raw", trials=[("S1", "Walking 1")], cameras=[0], frames=FRAMES)
    make_capture(folder / "raw", trials=[("S5", "Walking")], cameras=[1], frames=FRAMES, masks=False)
    return folder / "raw"


@pytest.fixture
def raw(original: Path, tmp_path: Path) -> Path:
    """A copy of the capture, to be spoiled."""
    return Path(shutil.copytree(original, tmp_path / "raw"))


def look(raw: Path, words: str | None = None, view: int = 0, margin: float = 1.1) -> ViewLook:
    return look_at_view(find_views(raw)[view], words, Parameters(margin=margin))


def row_of(frame: Look) -> drawing.SheetRow:
    names = [field.name for field in dataclasses.fields(drawing.SheetRow)]
    return drawing.SheetRow(**{name: getattr(frame, name) for name in names})


def warnings(seen: ViewLook) -> list[str]:
    """Everything on a sheet that is pointed out."""
    numbers = [f"{name}: {value}" for frame in seen.frames for name, value, warn in frame.numbers if warn]
    return [words for words, warn in seen.facts if warn] + numbers


@pytest.mark.parametrize("margin", [1.1, 1.7])
def test_the_sheet_shows_what_the_dataset_holds(original: Path, tmp_path: Path, margin: float) -> None:
    build(original, tmp_path / "dataset", parameters=Parameters(margin=margin), say=lambda line: None)
    for number, view in enumerate(open_dataset(tmp_path / "dataset").views):
        seen = look(original, "0,4,10", number, margin)
        assert seen.name == view.name
        assert [frame.frame for frame in seen.frames] == [0, 4, 10]
        sources = {frame.mask_source for frame in seen.frames}
        assert sources == ({"release"} if number == 0 else {"background plate"})
        for frame in seen.frames:
            np.testing.assert_array_equal(frame.crop, view.images[frame.frame])
            np.testing.assert_array_equal(frame.square, view.box_px[frame.frame])
            np.testing.assert_allclose(frame.crop_joints_px, view.joints_px[frame.frame], atol=1e-4)


def test_the_numbers_are_those_of_the_scene(original: Path) -> None:
    seen = look(original, "3")
    bones = {name: (round(left), round(right)) for name, left, right in seen.frames[0].bones_mm}
    assert bones["thigh"] == bones["shin"] == (440, 440)
    assert bones["hip"] == (130, 130)
    numbers = {name: value for name, value, _ in seen.frames[0].numbers}
    assert numbers["silhouette"] == "mask file"
    assert numbers["2D off projection"] == "under 0.001 px"
    heights = numbers["heights: head, pelvis, lowest"].split()
    assert 1_600 < int(heights[0].replace(",", "")) < 1_900 and heights[1] == "950,"
    assert 0.5 < float(numbers["box and joints' box"].removeprefix("IoU ")) < 1
    assert warnings(seen) == []
    assert any("14 pictures, 11 poses" in words for words, _ in seen.facts)


def test_colours_are_those_of_the_video(original: Path) -> None:
    """By another way than the decoder's own conversion; the two round differently."""
    path = original / "S1" / "Videos" / f"{NAME}.mp4"
    ours = rgb_of(next(iter(pictures(path)))).astype(int)
    theirs = next(iter(color_frames(path)))[..., ::-1].astype(int)
    assert np.abs(ours - theirs).mean() < 2
    assert np.percentile(np.abs(ours - theirs), 99) < 12
    grey = Picture(np.full((4, 6), 200, np.uint8), *(np.full((2, 3), 128, np.uint8),) * 2, full_range=True)
    assert (rgb_of(grey) == 200).all()


def test_the_cells_that_are_tinted_are_the_labels(original: Path) -> None:
    """Each positive cell is laid over with colour, and no other; the middle of a cell is free of lines and joints."""
    row = row_of(look(original, "5").frames[0])
    blank = dataclasses.replace(row, crop=np.zeros_like(row.crop), crop_joints_px=row.crop_joints_px)
    labels = np.asarray(grid.cell_labels(jnp.asarray(row.crop_joints_px[None], jnp.float32)))[0]
    panel = drawing._crop(blank, labels)
    edges = np.linspace(0, len(panel), grid.CELLS + 1).round().astype(int)
    joints = (row.crop_joints_px + 0.5) * 3 - 0.5
    seen = np.zeros(grid.CELLS**2, bool)
    for cell in range(grid.CELLS**2):
        line, column = divmod(cell, grid.CELLS)
        for y, x in ((12, 12), (12, 26), (26, 12), (26, 26)):
            place = np.array([edges[column] + x, edges[line] + y])
            if np.linalg.norm(joints - place, axis=1).min() > 7:
                seen[cell] |= bool(panel[place[1], place[0]].any())
    np.testing.assert_array_equal(seen, labels.any(axis=0))
    assert 10 < seen.sum() < 60


def test_left_and_right_have_their_colours(original: Path) -> None:
    """The silhouette's panel, where nothing else is coloured: blue around the left knee, vermilion around the right."""
    frame = look(original, "0").frames[0]
    panel = drawing._silhouette(row_of(frame)).astype(int)
    for joint, colour in ((2, (213, 94, 0)), (5, (0, 114, 178))):
        x, y = np.round((frame.crop_joints_px[joint] + 0.5) * 3 - 0.5).astype(int)
        near = panel[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3)
        assert np.abs(near - colour).sum(axis=1).min() < 20


def test_the_sheet_has_a_row_per_frame(original: Path) -> None:
    seen = look(original)
    assert [frame.frame for frame in seen.frames] == [0, 2, 5, 8, 10]
    rows = [row_of(frame) for frame in seen.frames]
    heights = [drawing.draw_sheet("t", seen.facts, rows[:count], MOST_UNLIKE_MM).shape[0] for count in (1, 2, 5)]
    assert heights[2] - heights[1] == 3 * (heights[1] - heights[0]) > 1000
    many = [("a long fact " * 30, True), *seen.facts]
    assert drawing.draw_sheet("t", many, rows[:1], MOST_UNLIKE_MM).shape[0] > heights[0]


def test_a_person_at_the_rim_of_the_picture_is_shown(original: Path) -> None:
    row = row_of(look(original, "0").frames[0])
    for left, top in ((-100, -90), (WIDTH - 150, 300)):
        at_rim = dataclasses.replace(row, square=(left, top, 260))
        panels = [drawing._whole(at_rim), drawing._square(at_rim), drawing._silhouette(at_rim)]
        assert [panel.shape for panel in panels] == [(384, 384, 3)] * 3
        corner = (0, 0) if left < 0 else (200, 383)
        assert tuple(panels[2][corner]) == drawing._BEYOND


def test_files_that_do_not_fit_are_shown_and_pointed_out(raw: Path) -> None:
    """Preprocessing refuses them; here one wants to see why."""
    files = find_views(raw)[0]
    pixels, cam = read_positions(files.poses_2d, 2), read_positions(files.poses_mono, 3)
    wrong = pixels.copy()
    wrong[3:, :, 0] += 40
    write_cdf(files.poses_2d, wrong)
    told = warnings(look(raw, "0,10"))
    assert any("left over" in words for words in told)
    assert sum(words.startswith("2D off projection") for words in told) == 2
    write_cdf(files.poses_2d, pixels)
    longer = cam.copy()
    longer[:, 7] += (cam[:, 7] - cam[:, 6]) * 0.1  # one thigh
    write_cdf(files.poses_mono, longer)
    seen = look(raw, "0")
    thigh = next(lengths for name, *lengths in seen.frames[0].bones_mm if name == "thigh")
    assert thigh[0] - thigh[1] > MOST_UNLIKE_MM


def test_missing_world_poses_and_short_masks_are_pointed_out(raw: Path) -> None:
    files = find_views(raw)[0]
    files.poses_world.unlink()
    write_masks(files.masks, [np.eye(502, WIDTH, dtype=np.uint8)] * 3)
    told = "; ".join(warnings(look(raw, "1,5")))
    for words in ("3 masks", "no D3_Positions: where", "heights: head, pelvis, lowest: no D3_Positions"):
        assert words in told
    assert told.count("silhouette: background plate") == 2  # the first is a streak, the second not in the file


def test_a_silhouette_beside_the_joints_is_pointed_out(raw: Path) -> None:
    """Though preprocessing takes it."""
    files = find_views(raw)[0]
    with open_masks(files.masks) as masks:
        aside = [np.roll(masks.read(frame), 15, axis=1) for frame in range(len(masks))]
    write_masks(files.masks, aside)
    seen = look(raw, "0")
    assert seen.frames[0].mask_source == "release"
    assert [words.split(":")[0] for words in warnings(seen)] == ["box and joints' box"]


@pytest.mark.parametrize("words", ["", "one", "3,-1", "1.5", "0,11", "²", ",".join(map(str, range(41)))])
def test_frames_that_are_not_there_are_refused(words: str) -> None:
    with pytest.raises(InputError, match=r"at most 40 numbers from 0 to 10 with commas between"):
        choose_frames(words, 11, Path("Walking.cdf"))


def test_frames_are_chosen() -> None:
    assert choose_frames(" 7, 0,7,", 11, Path()) == [0, 7]
    assert choose_frames(None, 3476, Path()) == [0, 869, 1738, 2606, 3475]
    assert choose_frames(None, 2, Path()) == [0, 1]


@pytest.mark.parametrize(
    "words", ["S1 Walking 1.54138969", "s1 walking 1.54138969", "S1/Walking_1.54138969", " S1  Walking 1.54138969.mp4"]
)
def test_a_view_may_be_said_in_several_ways(original: Path, words: str) -> None:
    assert choose_view(find_views(original, ACTIONS), words, original).name == "S1 Walking 1.54138969"


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        ("S1 Walkin 1.54138969", "Did you mean S1 Walking 1.54138969?"),
        ("S5 Walking 1.55011271", "Did you mean S5 Walking.55011271?"),
        ("nonsense", "See h36m-pose doctor"),
    ],
)
def test_a_mistyped_view_is_answered_with_the_nearest(
    original: Path, words: str, mend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(original), words]) == 2
    error = capsys.readouterr().err
    assert mend in error and "one of 2, such as S1 Walking 1.54138969" in error and error.count("\n") == 1


def test_the_command_writes_a_picture(
    original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", str(original), f"S1 {NAME}", "--frames", "1,8"]) == 0
    told = capsys.readouterr()
    assert told.out == f"S1_Walking_1.54138969.png: frames 1, 8 of S1 {NAME}\n"
    assert "frame/s" in told.err
    first = (tmp_path / "S1_Walking_1.54138969.png").read_bytes()
    with Image.open(tmp_path / "S1_Walking_1.54138969.png") as picture:
        assert picture.width == drawing.WIDTH
        assert picture.info["Title"] == f"S1 {NAME}"
    assert main(["whence", "S1_Walking_1.54138969.png"]) == 0
    assert f'again      h36m-pose inspect RAW "S1 {NAME}" --frames 1,8 --margin 1.1' in capsys.readouterr().out
    assert main(["inspect", str(original), "S5 Walking.55011271", "--output", "deep/b.png"]) == 0
    assert "note: no masks" in capsys.readouterr().out
    assert main(["inspect", str(original), f"S1 {NAME}", "--output", "b.jpeg"]) == 2
    assert "Name it with .png at its end" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["S1_Walking_1.54138969.png", "deep"]

    (tmp_path / "archives").mkdir()
    with tarfile.open(tmp_path / "archives" / "all of S1.tgz", "w:gz") as archive:
        archive.add(original / "S1", "S1")
    assert main(["inspect", "archives", f"S1 {NAME}", "--frames", "1,8", "--output", "from archives.png"]) == 0
    assert (tmp_path / "from archives.png").read_bytes() == first


def test_files_that_are_missing_are_named(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (raw / "S1" / "Videos" / f"{NAME}.mp4").unlink()
    assert main(["inspect", str(raw), f"S1 {NAME}"]) == 2
    assert f"{NAME}.mp4: found no such file; expected the Videos" in capsys.readouterr().err
    assert main(["inspect", str(raw / "nothing"), f"S1 {NAME}"]) == 2
    assert "found nothing of that name" in capsys.readouterr().err
