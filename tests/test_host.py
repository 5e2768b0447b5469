"""Flags of XLA that are set before JAX is loaded: ours are added, the user's stay."""

import os
import subprocess
import sys

import pytest

SHOW = """
from h36m_pose.training.host import prepare_host
prepare_host({devices})
import os, jax
print(jax.local_device_count(), os.environ["XLA_FLAGS"])
"""


def flags(devices: int, **environment: str) -> str:
    command = [sys.executable, "-c", SHOW.format(devices=devices)]
    plain = {key: value for key, value in os.environ.items() if key != "XLA_FLAGS"}
    return subprocess.run(
        command, env={**plain, **environment}, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize(
    ("devices", "environment", "expected"),
    [
        (1, {}, "1 --xla_force_host_platform_device_count=1 --xla_cpu_experimental_ynn_fusion_type="),
        (
            1,
            {"XLA_FLAGS": "--xla_force_host_platform_device_count=3"},
            "3 --xla_force_host_platform_device_count=3 --xla_cpu_experimental_ynn_fusion_type=",
        ),
    ],
)
def test_flags_are_added_to_those_that_are_set(devices: int, environment: dict[str, str], expected: str) -> None:
    assert flags(devices, **environment) == expected


def test_there_are_no_more_devices_than_cores() -> None:
    assert int(flags(1000).split()[0]) <= (os.cpu_count() or 1)
