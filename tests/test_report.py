"""The report from start to end: a tiny run, its page, and the page in a browser."""

import base64
import contextlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from drawn_run import write_drawn_run
from stick_dataset import write_stick_dataset

from h36m_pose.atomic_files import write_json
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.prediction import load_run
from h36m_pose.rendering.media_files import new_video
from h36m_pose.report.material import gather
from h36m_pose.report.trust_section import check_sequences
from h36m_pose.report.writing import REPORT_FILE, write_report
from h36m_pose.trust import mirror_back

FRAMES = {"S1": 24, "S5": 24, "S6": 24, "S7": 24, "S8": 11, "S9": 24, "S11": 30, "S101": 24}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stick_dataset(tmp_path_factory.mktemp("data") / "dataset", FRAMES, views=2).folder


@pytest.fixture(scope="module")
def run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both stages, evaluated, with a video; not to be changed."""
    folder = write_drawn_run(tmp_path_factory.mktemp("runs") / "tiny", open_dataset(dataset))
    assert main(["evaluate", str(folder)]) == 0
    write_video(folder / "walking.mp4", 20)
    return folder


@pytest.fixture(scope="module")
def video_of(run: Path):
    """Where the raw video of a view lies: one for all."""
    raw = run.parent / "raw.mp4"
    write_video(raw, FRAMES["S11"])

    @contextlib.contextmanager
    def found(view) -> Iterator[Path]:
        yield raw

    return found


@pytest.fixture(scope="module")
def report(run: Path, video_of) -> Path:
    """The page with the camera's pictures."""
    assert write_report(gather(run), video_of)
    return run / REPORT_FILE


def write_video(path: Path, frames: int) -> None:
    with new_video(path, 320, 240, 25, "a test", "{}") as video:
        for number in range(frames):
            video.add(np.full((240, 320, 3), 40 + 5 * number, np.uint8))


def copied(run: Path, folder: Path) -> Path:
    """A copy to take things out of."""
    return Path(shutil.copytree(run, folder / "run", ignore=shutil.ignore_patterns("report.html")))


def words_of(page: str) -> str:
    """What a reader sees, without styles, scripts and tags."""
    body = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def data_of(page: str, name: str) -> dict:
    return json.loads(re.search(rf'id="data-{name}">(.*?)</script>', page, re.DOTALL)[1])


def test_the_page_tells_what_the_run_is(run, report):
    page = report.read_text(encoding="utf-8")
    words, results = words_of(page), json.loads((run / "results.json").read_text())
    mpjpe = results["metrics"]["mpjpe"]
    for who in ("network", "mean_pose", "zero_pose"):
        assert f"{mpjpe[who]:.1f} mm" in words
    assert results["protocol"].split(";")[2].strip() in words
    assert "These people are synthetic" in words  # the dataset has a crowd, which only the studio has
    for row in re.findall(r"<tr>.*?</tr>", page):
        if "CVPR" in row or "ACCV" in row or "ECCV" in row or "BMVC" in row or "Jha" in row:
            assert "real Human3.6M, not comparable" in row
    for part in ("right wrist", "Stage 1", "Stage 2", "Glossary", "checkpoint digest", "--experiment demo", "jitter"):
        assert part in words
    assert results["identity"]["weights"] in words
    for name in ("player", "grid", "maps"):
        assert data_of(page, name)


def test_nothing_is_fetched_from_outside(report):
    page = report.read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page)
    assert not re.findall(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", page)
    names = re.findall(r' id="([^"]+)"', page)
    assert len(set(names)) == len(names)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy


def test_the_player_holds_the_predictions(run, report):
    player = data_of(report.read_text(encoding="utf-8"), "player")
    assert len(player["sequences"]) == 2 and player["sequences"][0]["frames"] == FRAMES["S11"]
    first = player["sequences"][0]
    poses = np.frombuffer(base64.b64decode(first["predicted"]), "<i2").reshape(-1, 17, 3).astype(float)
    with np.load(run / "predictions.npz") as stored:
        errors = np.linalg.norm(stored["predicted_root_mm"] - stored["target_root_mm"], axis=-1)
    true = np.frombuffer(base64.b64decode(first["true"]), "<i2").reshape(-1, 17, 3).astype(float)
    of_views = np.linalg.norm(poses - true, axis=-1).mean(), errors.reshape(2, -1).mean(1).max()
    assert of_views[0] == pytest.approx(of_views[1], abs=0.5)  # the worst sequence comes first
    assert first["nearest"]["names"] and first["pictures"]["sheets"]
    assert any(base64.b64decode(first["flags"]))  # drawn weights give poses that hardly move


def test_averaging_hides_no_disagreement_with_the_mirrored_picture(run):
    material, predictor = gather(run), load_run(run, mirror_average=False)
    assert "its mirror image's" in material.results["protocol"]
    for view, _, _ in material.tested_views():
        own, _ = predictor.observe(view.images)
        twins = mirror_back(predictor.observe(view.images[:, :, ::-1])[0])
        apart = np.linalg.norm(own - twins, axis=-1).mean(1)
        np.testing.assert_allclose(check_sequences(material)[view.name].values["mirror"], apart, rtol=1e-3)


def test_the_same_run_gives_the_same_page(run, report, video_of, capsys):
    before = report.read_bytes(), report.stat().st_mtime_ns
    assert not write_report(gather(run), video_of)
    assert (report.read_bytes(), report.stat().st_mtime_ns) == before
    report.write_bytes(before[0].replace(b'name="made-from" content="', b'name="made-from" content="0', 1))
    assert main(["whence", str(report), "--verify"]) == 1
    assert write_report(gather(run), video_of)
    assert report.read_bytes() == before[0]
    capsys.readouterr()
    assert main(["whence", str(report), "--verify", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    weights = json.loads((run / "results.json").read_text())["identity"]["weights"]
    assert told["record"]["weights"] == weights and told["checks"][-1]["subject"] == "what the page shows"


def test_a_run_that_lacks_things_says_what_makes_them(run, tmp_path, capsys):
    poor = copied(run, tmp_path)
    shutil.rmtree(poor / "pretrain")
    for name in ("predictions.npz", "walking.mp4"):
        (poor / name).unlink()
    capsys.readouterr()
    assert main(["report", str(poor)]) == 0
    assert re.fullmatch(rf"{poor}/report.html: written, 0\.\d MB, in \d+ s\n", capsys.readouterr().out)
    words = words_of((poor / "report.html").read_text(encoding="utf-8"))
    assert f"h36m-pose evaluate {poor}" in words and f"h36m-pose render {poor}" in words
    assert "There was no first stage in this run" in words
    assert "By walking direction and over time: needs" in words
    shutil.copy(run / "predictions.npz", poor / "predictions.npz")
    shutil.rmtree(poor / "finetune")
    assert main(["report", str(poor)]) == 0
    words = words_of((poor / "report.html").read_text(encoding="utf-8"))
    assert f"h36m-pose train pretrain --run {poor}" in words and f"h36m-pose train finetune --run {poor}" in words
    assert "Worst frames" in words and "h36m-pose report" in words and "--root RAW" in words


def test_wrong_input_is_told_in_one_line(run, dataset, tmp_path, capsys):
    other = write_stick_dataset(tmp_path / "other", FRAMES | {"S11": 4}).folder
    bare = tmp_path / "bare"
    bare.mkdir()
    damaged = copied(run, tmp_path)
    (damaged / "predictions.npz").write_bytes(b"PK" * 99)
    for words, told in (
        ([str(tmp_path / "nowhere")], "no such folder"),
        ([str(run / "results.json")], "a file; expected a run's folder"),
        ([str(bare)], f"h36m-pose evaluate {bare}"),
        ([str(run), "--root", str(tmp_path / "nowhere")], "nowhere: found nothing of that name"),
        ([str(run), "--dataset", str(other)], "which"),
        ([str(damaged)], "predictions.npz"),
    ):
        assert main(["report", *words]) == 2
        error = capsys.readouterr().err
        assert told in error and error.count("\n") == 1
    write_json(bare / "results.json", {"protocol": 1})
    assert main(["report", str(bare)]) == 2
    assert "not the results of a test" in capsys.readouterr().err
    assert not (bare / "report.html").exists()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("width", [1280, 375], ids=["desktop", "phone"])
def test_a_reader_plays_scrubs_and_turns(browser, report, width):
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="light", has_touch=width < 500, is_mobile=width < 500
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.click("#player-play")
    started = page.input_value("#player-time")
    for _ in range(400):  # wait_for_function would evaluate words, which the page's policy forbids
        if page.input_value("#player-time") not in ("0", started):
            break
        page.wait_for_timeout(20)
    assert page.input_value("#player-time") not in ("0", started)
    page.click("#player-play")
    assert page.text_content("#player-play") == "Play"

    page.focus("#player-time")
    page.keyboard.press("End")
    last = FRAMES["S11"] - 1
    assert page.text_content("#player-error").startswith(f"frame {last}, error")
    page.keyboard.press("Home")
    assert page.text_content("#player-error").startswith("frame 0, error")
    crop = drawn(page, "player-crop")
    page.click("#player-on")
    assert page.text_content("#player-error").startswith("frame 1, error")
    assert drawn(page, "player-crop") != crop

    page.hover("#player-stage")
    turned = drawn(page, "player-stage")
    box = page.locator("#player-stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 5, steps=3)
    page.mouse.up()
    after_drag = drawn(page, "player-stage")
    assert after_drag != turned
    page.focus("#player-stage")
    page.keyboard.press("ArrowLeft")
    assert drawn(page, "player-stage") != after_drag

    page.select_option("#player-joint", label="right wrist")
    assert "mm off in this frame" in page.text_content("#player-why")
    assert "training pose" in page.text_content("#player-why")
    for chooser, choice, canvas in (("grid-joint", "all", "grid-0"), ("maps-layer", "1", "maps-0")):
        before = drawn(page, canvas)
        page.select_option(f"#{chooser}", choice)
        assert drawn(page, canvas) != before
    page.check("#player-beside")
    assert drawn(page, "player-stage") != after_drag

    backgrounds = [background(page)]
    for change in (lambda: page.emulate_media(color_scheme="dark"), lambda: page.click("#theme")):
        lines = drawn(page, "player-curve")
        change()
        backgrounds.append(background(page))
        assert drawn(page, "player-curve") != lines
    assert backgrounds == ["rgb(255, 255, 255)", "rgb(18, 21, 27)", "rgb(255, 255, 255)"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not complaints
    context.close()


def background(page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def drawn(page, canvas: str) -> str:
    return page.evaluate(f"document.getElementById('{canvas}').toDataURL()")


def test_a_touch_turns_the_figure(browser, report):
    context = browser.new_context(viewport={"width": 375, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(report.as_uri())
    page.locator("#player-stage").scroll_into_view_if_needed()
    before, box = drawn(page, "player-stage"), page.locator("#player-stage").bounding_box()
    session = context.new_cdp_session(page)
    y = box["y"] + box["height"] / 2
    for kind, x in (("touchStart", 120), ("touchMove", 150), ("touchMove", 200), ("touchEnd", None)):
        points = [] if x is None else [{"x": box["x"] + x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert drawn(page, "player-stage") != before
    context.close()


def test_the_embedded_video_can_be_decoded(report, tmp_path):
    page = report.read_text(encoding="utf-8")
    encoded = re.search(r'src="data:video/mp4;base64,([^"]+)"', page)[1]
    (tmp_path / "walk.mp4").write_bytes(base64.b64decode(encoded))
    with av.open(str(tmp_path / "walk.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20
