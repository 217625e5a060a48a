"""Runs a Python program for the engine, in the Python environment of this process.

``python -P python_program.py ENGINE_ADDRESS`` runs it in a process of its own, with the request on standard input and
the result as its exit code. So the program can have another environment than the language host. This file imports
nothing of the local cloud, since that environment does not have it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import grpc
from pulumi import log
from pulumi.errors import RunError
from pulumi.runtime import run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2
from pulumi.runtime.settings import Settings, configure

REPORTED = 32
"""The exit code of a program whose error the engine has been told, as in the official host."""

GARBAGE_THRESHOLD = 100_000
"""New objects between two garbage collections: provider SDKs make millions of lasting objects, and a run is short."""


def run_program(request: language_pb2.RunRequest, engine_address: str) -> int:
    """Run the program, and return its exit code."""
    program = _program(request)
    configure(
        Settings(
            project=request.project,
            stack=request.stack,
            monitor=request.monitor_address,
            engine=engine_address,
            parallel=request.parallel,
            dry_run=request.dryRun,
            organization=request.organization or "organization",
            root_directory=request.info.root_directory or request.pwd,
        )
    )
    config, secret_keys = dict(request.config), list(request.configSecretKeys)
    set_all_config(config, secret_keys)
    os.environ["PULUMI_CONFIG"] = json.dumps(config)
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(secret_keys)
    os.chdir(request.pwd)
    sys.argv = [str(program), *request.args]
    sys.path.insert(0, str(program_folder(request)))
    # asyncio would log an error for each future that a failed program does not await.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # A resource can need several threads: for its registration and for the serialization of its inputs.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=4 * max(request.parallel, 1)))
    try:
        return _finish(loop, program)
    finally:
        _cancel_rest(loop)
        sys.stdout.flush()
        sys.stderr.flush()


def program_folder(request: language_pb2.RunRequest) -> Path:
    """The folder from which the program imports its own modules."""
    program = _program(request)
    return program if program.is_dir() else program.parent


def _program(request: language_pb2.RunRequest) -> Path:
    return Path(request.info.program_directory or request.pwd) / (request.info.entry_point or request.program)


def response(code: int) -> language_pb2.RunResponse:
    """The result for the engine of a program that ended with this exit code."""
    if code == REPORTED:
        return language_pb2.RunResponse(bail=True)
    return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}" if code else "")


def _finish(loop: asyncio.AbstractEventLoop, program: Path) -> int:
    def main() -> None:
        runpy.run_path(str(program), run_name="__main__")

    try:
        loop.run_until_complete(run_in_stack(main))
    except RunError as error:
        log.error(str(error))
        return REPORTED
    except SystemExit as error:
        return _exit_code(error)
    except grpc.RpcError as error:
        # An engine that shuts down has already reported the reason.
        if isinstance(error, grpc.Call) and error.code() is not grpc.StatusCode.UNAVAILABLE:
            log.error(_report(error, program))
            return REPORTED
    except BaseException as error:
        log.error(_report(error, program))
        return REPORTED
    return 0


def _exit_code(error: SystemExit) -> int:
    """The exit code that the interpreter would have, which prints a text."""
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    sys.stderr.write(f"{error.code}\n")
    return 1


def _report(error: BaseException, program: Path) -> str:
    """Return the traceback from the program's first frame on; all of it if no frame is the program's."""
    first: TracebackType | None = error.__traceback__
    home = str(program if program.is_dir() else program.parent)
    while first is not None and not first.tb_frame.f_code.co_filename.startswith(home):
        first = first.tb_next
    frames = traceback.format_exception(type(error), error, first or error.__traceback__)
    return "Program failed with an unhandled exception:\n" + "".join(frames)


def _cancel_rest(loop: asyncio.AbstractEventLoop) -> None:
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.wait(pending))
    loop.close()


def main() -> None:
    """Run the program of the request on standard input. The process ends without waiting for its threads."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    request = language_pb2.RunRequest.FromString(sys.stdin.buffer.read())
    code = run_program(request, sys.argv[1])
    os._exit(code)


if __name__ == "__main__":
    main()
