"""Runs several slow jobs at once: one that downloads uses the time in which another one compiles."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from localcloud.toolchain.process import allow_commands, stop_commands

T = TypeVar("T")


def run_together(*jobs: Callable[[], T]) -> list[T]:
    """Run all jobs at once, and return their results in order.

    The first error, or an interruption, ends the commands of the other jobs. It is raised when all jobs have ended.
    """
    try:
        with ThreadPoolExecutor(len(jobs)) as threads:
            begun = [threads.submit(job) for job in jobs]
            try:
                for job in as_completed(begun):
                    job.result()
            except BaseException:
                stop_commands()
                raise
    finally:
        allow_commands()
    return [job.result() for job in begun]
