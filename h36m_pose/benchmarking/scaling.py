"""How the whole training step scales over devices: the same batch on one and on several."""

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

from h36m_pose.benchmarking.job import Job
from h36m_pose.benchmarking.rounds import Worker, measure_in_turn, ratios, spread
from h36m_pose.errors import InputError

_MEASURE = "train_augmented"


def measure_device_scaling(job: Job, counts: Sequence[int], rounds: int, times: int) -> dict[str, Any]:
    """Times the whole step on so many devices each, in turn; plain JSON values.

    CPU devices are parts of the same cores, so that all of them together can hardly be faster than one: there the
    numbers say what splitting costs. GPUs are devices of their own.

    Args:
        job: of our side.
        counts: numbers of devices, the first being what the others are set against.
        rounds: how often everything is timed.
        times: steps per round.

    Returns:
        By the number of devices: "images_per_s"; "speedup", paired by round; "efficiency", that per device.

    Raises:
        InputError: if there are not so many devices.
    """
    with contextlib.ExitStack() as stack:
        workers = {}
        for count in counts:
            several = dataclasses.replace(job, overrides=(*job.overrides, f"host_devices={count}"))
            visible = {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(count)))}
            worker = stack.enter_context(Worker(several, visible))
            found = worker.about["devices"].split(" ")[0]
            if int(found) != count:
                raise InputError("--devices", found, f"{count} devices", "Name no more than there are")
            workers[str(count)] = worker
        batch = workers[str(counts[0])].about["batch_size"]
        seconds = measure_in_turn(workers, rounds, times, [_MEASURE])
    alone = seconds[f"{counts[0]} {_MEASURE}"]
    result = {}
    for count in counts:
        taken = seconds[f"{count} {_MEASURE}"]
        faster = ratios(alone, taken)
        result[str(count)] = {
            "images_per_s": spread([batch / each for each in taken]),
            "speedup": spread(faster),
            "efficiency": spread([counts[0] * each / count for each in faster]),
        }
    return result
