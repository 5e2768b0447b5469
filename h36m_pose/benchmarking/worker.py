"""One side of the comparison in a process of its own, so that neither's threads and memory disturb the other's.

It reads a job as the first line of its input, tells what it made of it, and then does what each further line says:
`{"measure": NAME, "times": N}` or `{"memory": true}`. Answers are JSON lines on standard output.
"""

import json
import os
import sys
import time
from typing import Any

from h36m_pose.benchmarking.job import Job
from h36m_pose.errors import InputError
from h36m_pose.training.host import host_peak_bytes, prepare_host


def main() -> int:
    """Serves until its input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def tell(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    job = Job(**json.loads(sys.stdin.readline()))
    try:
        prepare_host(job.config().host_devices)
        side = _side(job)
    except InputError as error:
        tell({"error": [str(error.path), error.found, error.expected, error.mend]})
        return 2
    tell(side.about() | {"measures": list(side.measures)})
    for line in sys.stdin:
        order = json.loads(line)
        if "memory" in order:
            tell(side.memory() | {"host_bytes": host_peak_bytes()})
            continue
        started = time.perf_counter()
        side.measures[order["measure"]](order["times"])
        tell({"seconds": time.perf_counter() - started})
    return 0


def _side(job: Job) -> Any:
    if job.side == "torch":
        from h36m_pose.benchmarking.torch_side import TorchSide

        return TorchSide(job)
    from h36m_pose.benchmarking.our_side import OurSide

    return OurSide(job)


if __name__ == "__main__":
    sys.exit(main())
