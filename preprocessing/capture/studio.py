"""The studio: films a whole cast into a folder in the release's raw layout, on several processes, resumably."""

import concurrent.futures
import concurrent.futures.process
import contextlib
import hashlib
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from h36m_pose.atomic_files import remove_leftovers
from h36m_pose.errors import InputError
from h36m_pose.file_lock import held
from h36m_pose.progress import bar
from preprocessing.capture.anatomy import Person
from preprocessing.capture.cast import Role, cast, one_walk
from preprocessing.capture.filming import Hire, Order, Report, film
from preprocessing.capture.motion import Motion
from preprocessing.capture.outside_motion import read_motion
from preprocessing.capture.record import STUDIO_VERSION, Record, missing_of
from preprocessing.capture.rig import draw_rig, sees_whole_person
from preprocessing.capture.variation import USUAL, Variation
from preprocessing.capture.warm_up import SHARES
from preprocessing.capture.workers import context as worker_processes
from preprocessing.catalog import CAMERAS, is_crowd

_GRACE_S = 2.0
"""How long a worker may take to put its files away before it is ended."""
LOCK_NAME = ".capture.lock"
_SAVE_EVERY_S = 2.0
"""What a killed run loses at most, beside the trials it was at."""


def capture(
    root: Path,
    preset: str,
    seed: int = 0,
    crowd: int | None = None,
    workers: int = 1,
    variation: Variation = USUAL,
    subjects: Sequence[str] = (),
) -> None:
    """Films a preset's cast into `root`; what is there already and whole is left alone.

    Args:
        root: the capture's folder; made if need be.
        preset: a name from `cast.PRESETS`.
        seed: of everything that is drawn by chance.
        crowd: how many random bodies instead of the preset's number.
        workers: processes. The bytes do not depend on it.
        variation: how it departs from the usual capture.
        subjects: those of the release's to film, and no crowd unless its number is given; all if left out.

    Raises:
        InputError: for a wrong preset, crowd or subject, a folder that holds something else, or a second studio at
            work in it.
    """
    roles = cast(preset, seed, crowd, subjects)
    bodies = sum(is_crowd(role.subject) for role in roles)
    parameters = {"studio": STUDIO_VERSION, "preset": preset, "seed": seed, "crowd": bodies}
    parameters |= variation.parameters | ({"subjects": ", ".join(subjects)} if subjects else {})
    film_cast(root, roles, parameters, seed, workers, variation=variation)


def capture_motion(root: Path, motion_file: Path, subject: str = "S1", seed: int = 0) -> None:
    """Films one subject, driven by a motion from outside, as its trial `Walking 1`.

    Args:
        root: the capture's folder; made if need be.
        motion_file: `.amc` with its `.asf` beside it, or `.npz`.
        subject: whose name and cameras to use; the looks are drawn for this motion.
        seed: of everything that is drawn by chance.
    """
    person, motion = read_motion(motion_file)
    digest = hashlib.sha256(motion.joints_world_mm.tobytes()).hexdigest()[:16]
    role = one_walk(subject, len(motion), seed)
    for camera_id, camera in draw_rig(seed, subject, motion.joints_world_mm).items():
        hidden = sum(not sees_whole_person(camera, joints[None]) for joints in motion.joints_world_mm)
        if hidden:
            print(f"capture: camera {camera_id} does not see the whole person in {hidden} of {len(motion)} frames")
    parameters = {"studio": STUDIO_VERSION, "motion": digest, "subject": subject, "seed": seed}
    film_cast(root, (role,), parameters, seed, workers=1, outside=(person, motion))


def film_cast(
    root: Path,
    roles: Sequence[Role],
    parameters: dict[str, Any],
    seed: int,
    workers: int,
    outside: tuple[Person, Motion] | None = None,
    hire: Hire | None = None,
    variation: Variation = USUAL,
) -> None:
    """Films what is missing of the given roles, and says what it did.

    Args:
        root: the capture's folder; made if need be.
        roles: everyone who belongs to the capture.
        parameters: all that the bytes depend on; a folder made with others is refused.
        seed: of everything that is drawn by chance.
        workers: processes.
        outside: the person and the motion that drive the only role.
        hire: who finds the photographers; the studio's own if left out.
        variation: how it departs from the usual capture.
    """
    started = time.perf_counter()
    if root.exists() and not root.is_dir():
        raise InputError(root, "a file", "a folder, or nothing yet", "Give another name")
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root):
        record = Record.open(root, parameters)
        found = [(role, missing_of(record, role)) for role in roles]
        orders = [Order(root, seed, role, missing, outside, hire, variation) for role, missing in found if missing]
        if not orders:
            print(f"capture: complete, nothing to do: {_size_in_words(roles)} in {root}")
            return
        remove_leftovers(root)
        record.save()
        try:
            seconds = _film_all(record, orders, roles, workers)
        finally:
            remove_leftovers(root)
    _tell(orders, roles, root, seconds, time.perf_counter() - started)


def _film_all(record: Record, orders: list[Order], roles: Sequence[Role], workers: int) -> Counter[str]:
    """Films all orders, and records what has been finished as soon as it is."""
    total = sum(role.frames for role in roles)
    progress = bar(total, "capture", " frame", done=total - sum(order.frames for order in orders))

    saved = time.monotonic()

    def keep(entries: dict[str, dict[str, Any]]) -> None:
        nonlocal saved
        record.files.update(entries)
        if time.monotonic() - saved > _SAVE_EVERY_S:
            record.save()
            saved = time.monotonic()

    try:
        with progress:
            if workers == 1 or len(orders) == 1:
                return _film_here(orders, Report(progress.update, keep))
            return _film_in_processes(orders, min(workers, len(orders)), progress, keep)
    finally:
        record.save()


def _film_here(orders: list[Order], report: Report) -> Counter[str]:
    seconds: Counter[str] = Counter()
    for order in orders:
        seconds.update(film(order, report))
    return seconds


def _film_in_processes(orders: list[Order], workers: int, progress: tqdm, keep: Any) -> Counter[str]:
    context = worker_processes()
    news, stop = context.SimpleQueue(), context.Event()
    seconds: Counter[str] = Counter()
    pool = concurrent.futures.ProcessPoolExecutor(workers, context, _start_worker, (news, stop))
    try:
        for share in [pool.submit(share) for share in SHARES]:
            share.result()
        pending = {pool.submit(_film_in_worker, shift) for shift in _shifts(orders, workers)}
        while pending or not news.empty():
            while not news.empty():
                item = news.get()
                progress.update(item) if isinstance(item, int) else keep(item)
            done, pending = concurrent.futures.wait(pending, 0.1, concurrent.futures.FIRST_COMPLETED)
            for future in done:
                seconds.update(future.result())
    except concurrent.futures.process.BrokenProcessPool:
        found = "a worker process that was ended from outside"
        expected = "workers that run to the end"
        raise InputError(
            "capture", found, expected, "If memory ran out, run the same command with --workers 1"
        ) from None
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
    return seconds


_worker_news: Any = None
_worker_stop: Event | None = None


class _StopFilming(Exception):
    """The parent wants no more."""


def _start_worker(news: Any, stop: Event) -> None:
    """Prepares a worker process: where to report to, one thread each, and no life without its parent."""
    global _worker_news, _worker_stop
    _worker_news, _worker_stop = news, stop
    cv2.setNumThreads(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """Ends the worker when its parent has gone, or when it is still busy some time after it was told to stop."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        if _worker_stop is not None and _worker_stop.wait(0.5):
            parent.join(_GRACE_S)
            break
    os._exit(1)


def _shifts(orders: list[Order], workers: int) -> list[list[Order]]:
    """Parts the orders into jobs, longest first. Crowd bodies of one room go together: rooms take long to draw."""
    most = -(-len(orders) // (3 * workers))
    rooms: dict[str, list[Order]] = {}
    for order in orders:
        subject = order.role.subject
        rooms.setdefault(order.variation.room(subject) if is_crowd(subject) else subject, []).append(order)
    shifts = []
    for room in rooms.values():
        parts = -(-len(room) // most)
        shifts += [room[part::parts] for part in range(parts)]
    return sorted(shifts, key=lambda shift: -sum(order.frames for order in shift))


def _film_in_worker(shift: list[Order]) -> Counter[str]:
    def tell(item: int | dict[str, dict[str, Any]]) -> None:
        if _worker_stop is not None and _worker_stop.is_set():
            raise _StopFilming
        _worker_news.put(item)

    return _film_here(shift, Report(tell, tell))


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Keeps a second studio out of the folder; the lock goes with the process, however it ends."""
    mend = "Wait until it has finished, or give another folder"
    busy = InputError(root, "another capture at work in it", "a folder of its own", mend)
    with (root / LOCK_NAME).open("a") as lock, held(lock, busy):
        yield


def _size_in_words(roles: Sequence[Role]) -> str:
    """ "4,952 frames, 56 + 160 views": of the release's subjects and of the crowd, without decoys."""
    views = Counter(
        is_crowd(role.subject) for role in roles for trial in role.trials for _ in CAMERAS if not trial.decoy
    )
    frames = sum(len(CAMERAS) * trial.frames for role in roles for trial in role.trials if not trial.decoy)
    crowd = f" + {views[True]}" if views[True] else ""
    return f"{frames:,} frames, {views[False]}{crowd} views"


def _tell(orders: list[Order], roles: Sequence[Role], root: Path, seconds: Counter[str], wall: float) -> None:
    filmed = sum(order.frames for order in orders)
    total = seconds.total() or 1.0
    shares = ", ".join(f"{task} {time / total:.0%}" for task, time in seconds.most_common())
    print(f"capture: {_size_in_words(roles)} in {root}")
    print(f"capture: filmed {filmed:,} frames in {wall:.1f} s, {filmed / wall:.0f} frames/s in all ({shares})")
