"""Examines views side by side, with a progress bar."""

import concurrent.futures
import multiprocessing
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool

import cv2

from h36m_pose.errors import InputError
from h36m_pose.progress import bar
from preprocessing.child_processes import deaf_to_interrupts, end_with_parent
from preprocessing.doctor_findings import ViewReport
from preprocessing.doctor_view import Case, examine

FEW = 16
"""So many views are sooner examined here than by other processes, which take seconds to start."""


def examine_all(cases: Sequence[Case], workers: int) -> list[ViewReport]:
    """Examines views, several at a time if there are many.

    Args:
        cases: the views.
        workers: processes.

    Returns:
        Their reports, in the same order.

    Raises:
        InputError: if a worker process was killed.
    """
    with bar(len(cases), "doctor", " view") as progress:
        if workers == 1 or len(cases) <= FEW:
            reports = []
            for case in cases:
                reports.append(examine(case))
                progress.update()
            return reports
        pool = concurrent.futures.ProcessPoolExecutor(
            min(workers, len(cases)), multiprocessing.get_context("spawn"), _start_worker
        )
        try:
            with deaf_to_interrupts():  # the processes are started here; what is left is cancelled below
                futures = [pool.submit(examine, case) for case in cases]
            for _ in concurrent.futures.as_completed(futures):
                progress.update()
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            mend = "Run the same command again, with --workers 1 if memory was short"
            raise InputError("--workers", "a worker process that was killed", "processes that live", mend) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    cv2.setNumThreads(1)
    end_with_parent()
