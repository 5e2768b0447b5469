"""A prediction that was interrupted goes on where it stopped, and comes to the same to the last bit."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import predict_runs
import pytest
from film_fixture import film
from numpy import ndarray
from PIL import Image

from h36m_pose.errors import InputError
from h36m_pose.predict import kept as kept_module
from h36m_pose.predict.exported import open_network
from h36m_pose.predict.finding import Search
from h36m_pose.predict.footage import Footage, PictureFootage, Shot, open_footage, pictures_in
from h36m_pose.predict.kept import Kept, kept_beside
from h36m_pose.predict.network import Network
from h36m_pose.predict.poses import Poses
from h36m_pose.predict.workflow import Request, identity_of, predict_poses

FRAMES, CHUNK = 8, 3


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, masks = (tmp_path_factory.mktemp(name, numbered=False) for name in ("pictures", "masks"))
    for number in range(FRAMES):
        Image.fromarray(film().images[number]).save(folder / f"{number}.png")
        Image.fromarray(film().masks[number] * 255).save(masks / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return open_network(predict_runs.write_run(tmp_path_factory.mktemp("run"), crops=predict_runs.CROPS))


class Interrupted(PictureFootage):
    """Ends as if by Ctrl-C at a frame of one of the passes: the first looks, the second finds, the third predicts."""

    def __init__(self, folder: Path, passes: int, frame: int):
        super().__init__(folder, pictures_in(folder), 8.0)
        self._passes, self._frame = passes, frame

    def shots(self) -> Iterator[Shot]:
        self._passes -= 1
        for shot in super().shots():
            if self._passes == 0 and shot.index == self._frame:
                raise KeyboardInterrupt
            yield shot


def predicted(network: Network, footage: Footage, folder: Path, out: Path, pick: str = "largest") -> Poses:
    search = Search(masks=folder.with_name("masks"), pick=pick)
    with kept_beside(out, identity_of(network, folder, search, footage.fps)) as kept:
        return predict_poses(network, footage, Request(search, silent=True), kept)


def test_after_an_interruption_it_goes_on_and_comes_to_the_same(
    network: Network, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "CHUNK", CHUNK)
    seen: list[int] = []

    def counting(crops: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        seen.append(len(crops))
        return network.predict(crops)

    counted = dataclasses.replace(network, predict=counting)
    out, unfinished = tmp_path / "poses", tmp_path / "poses.unfinished"
    whole = predict_poses(
        counted, open_footage(pictures, 8), Request(Search(masks=pictures.with_name("masks")), silent=True)
    )
    assert (seen, whole.valid.sum()) == ([FRAMES], FRAMES)
    with pytest.raises(KeyboardInterrupt):
        predicted(counted, Interrupted(pictures, 2, 7), pictures, out)
    assert {path.name for path in unfinished.glob("*.npz")} == {"find_000000000.npz", "find_000000003.npz"}
    seen.clear()
    with pytest.raises(KeyboardInterrupt):
        predicted(counted, Interrupted(pictures, 3, 5), pictures, out)
    assert seen == [CHUNK]
    resumed = predicted(counted, open_footage(pictures, 8), pictures, out)
    assert seen == [CHUNK, CHUNK, FRAMES - 2 * CHUNK]
    assert not unfinished.exists()
    for field in ("joints_root_mm", "mirrored_root_mm", "joints_px", "box_px", "silhouette_px", "valid", "time_s"):
        assert np.array_equal(getattr(resumed, field), getattr(whole, field)), field
    assert resumed.about == whole.about


def test_chunks_of_anything_else_and_damaged_ones_are_not_taken(tmp_path: Path, network: Network) -> None:
    out, rows = tmp_path / "poses", {"numbers": np.arange(kept_module.CHUNK)}
    (tmp_path / "film").write_bytes(b"one film")
    one = identity_of(network, tmp_path / "film", Search(), 25.0)
    with pytest.raises(KeyboardInterrupt), kept_beside(out, one) as kept:
        kept.keep("find", kept_module.CHUNK, rows)
        kept.keep("find", 2 * kept_module.CHUNK, rows)
        with pytest.raises(InputError, match="another prediction at work"), kept_beside(out, one):
            pass
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), kept_beside(out, one) as kept:
        assert kept.restored("find")[0] == 2 * kept_module.CHUNK
        assert len(kept.restored("find")[1]["numbers"]) == 2 * kept_module.CHUNK
        assert kept.restored("predict") == (0, {})
        second = tmp_path / "poses.unfinished" / f"find_{kept_module.CHUNK:09}.npz"
        second.write_bytes(second.read_bytes()[:100])
        assert kept.restored("find")[0] == kept_module.CHUNK
        raise KeyboardInterrupt
    (tmp_path / "film").write_bytes(b"another")
    others = [identity_of(network, tmp_path / "film", Search(), 25.0), one | {"person": ["plate", "left", 25.0]}]
    assert others[0] != one
    with kept_beside(out, others[0]) as kept:
        assert kept.restored("find")[0] == 0
    assert not (tmp_path / "poses.unfinished").exists()
    assert Kept().restored("find") == (0, {})


def test_somebody_else_s_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "poses.unfinished").mkdir()
    (tmp_path / "poses.unfinished" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.txt in it"), kept_beside(tmp_path / "poses", {}):
        pass
    assert (tmp_path / "poses.unfinished" / "thesis.txt").exists()
