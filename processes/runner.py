# SPDX-License-Identifier: Apache-2.0
"""What runs on a node: `python -P -m processes.runner FOLDER`. Reads task.json; writes status.json, results, exit.json.

Nothing heavy is imported before the work begins, so that a program starts within a tenth of a second of its cluster job.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from processes.bell import BELL, Bell
from processes.files import (
    EXIT,
    LOG,
    OUTPUTS,
    RESULTS,
    STATUS,
    TASK,
    VALUES,
    read_json,
    tail,
    write_json,
)

_PROGRESS = re.compile(r"HYSOPE progress=([0-9]{1,3})(?: (.*))?")
_OTHER_PERCENT = re.compile(r"\b([0-9]{1,3})%")
_PLACEHOLDER = re.compile(r"\{(band|out|input)\.([A-Za-z0-9_]+)\}")
_KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "HOME",
    "TMPDIR",
    "OMP_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
_TOLD_BYTES = 2_000
_LOG_BYTES = 20_000_000
"""Of one program's output; a log can be endless."""


class Failed(Exception):
    """The run cannot succeed: the class of the failure and a text for the one who ordered."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class, self.message = error_class, message


class Run:
    """One attempt in its folder."""

    def __init__(self, folder: Path, task: dict[str, Any]) -> None:
        self._folder, self._task = folder, task
        self._items: list[dict[str, Any]] = task["items"]
        self._child: subprocess.Popen[str] | None = None

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """SIGTERM: the child first, then this process, without a word of success or failure: the executor knows why."""
        if self._child is not None:
            self._child.kill()
        os._exit(143)

    def run(self) -> list[str]:
        """The whole selection, one product after the other, or everything at once. Raises Failed."""
        self._fetch()
        if self._task["outputs"]:
            self._whole()
            return []
        if "merged" in self._task["run"]:
            return [self._merged()]
        done = []
        for number, item in enumerate(self._items):
            self._tell(number, 0, f"product {number + 1} of {len(self._items)}: {item['id']}")
            out = self._folder / "out" / str(number)
            out.mkdir(parents=True, exist_ok=True)
            how = self._task["run"]
            if "command" in how:
                self._command(how["command"], item, out, number)
            else:
                self._python(how["python"], item, out)
            done.append(self._finish(item, out, number))
        return done

    def _fetch(self) -> None:
        """Brings what lies in object storage into the folder, each file once."""
        for item in self._items:
            for band in item["bands"].values():
                path = Path(band["path"])
                if "href" in band and not (path.is_file() and path.stat().st_size == band["bytes"]):
                    print(f"fetching {path.name} of {item['id']}", flush=True)
                    _brought(band["href"], path)

    def _command(self, template: list[str], item: dict[str, Any], out: Path, number: int) -> None:
        argv = [_filled(argument, item, out, self._task["values"]) for argument in template]
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        print("+", " ".join(argv), flush=True)
        try:
            self._child = subprocess.Popen(  # noqa: S603  (a list of the operator's file; values are numbers and enums)
                argv, cwd=out, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, encoding="utf-8", errors="replace",
            )  # fmt: skip
        except OSError as error:
            raise Failed("algorithm-failed", f"{argv[0]} cannot be started: {error.strerror}") from error
        assert self._child.stdout
        told = 0
        for line in self._child.stdout:
            told += len(line)
            if told <= _LOG_BYTES:
                print(line, end="", flush=True)
            elif told - len(line) <= _LOG_BYTES:
                print("… the rest of the log is left out", flush=True)
            found = _PROGRESS.search(line) or _OTHER_PERCENT.search(line)
            if found:
                self._tell(number, min(100, int(found[1])), item["id"])
        code = self._child.wait()
        self._child = None
        if code == -signal.SIGKILL:
            raise Failed("worker-killed", f"{argv[0]} was killed")
        if code:
            raise Failed("algorithm-failed", f"{argv[0]} ended with {code}: {_last_lines(self._folder)}")

    def _python(self, name: str, item: dict[str, Any], out: Path) -> None:
        module, _, function = name.partition(":")
        _called(lambda: getattr(import_module(module), function)(item, self._task["values"], out))

    def _merged(self) -> str:
        """One result of all products. Raises Failed."""
        out = self._folder / "out" / "0"
        out.mkdir(parents=True, exist_ok=True)
        module, _, function = self._task["run"]["merged"].partition(":")
        _called(
            lambda: getattr(import_module(module), function)(
                self._items, self._task["values"], out, self._part
            )
        )
        return self._finish(self._items[0], out, 0)

    def _part(self, percent: int, message: str) -> None:
        tell(self._folder, max(0, min(99, percent)), message)

    def _whole(self) -> None:
        """One call for everything; values are written down, files are where they were promised. Raises Failed."""
        out = self._folder / OUTPUTS
        out.mkdir(exist_ok=True)
        how, values = self._task["run"], self._task["values"]
        if "pygeoapi" in how:
            found = self._pygeoapi(how["pygeoapi"], values, out)
        else:
            module, _, function = how["whole"].partition(":")
            found = _called(
                lambda: getattr(import_module(module), function)(self._items, values, out, self._part)
            )
        promised: dict[str, str] = self._task["outputs"]
        for name, file in promised.items():
            if (file and not (out / file).is_file()) or (not file and name not in found):
                raise Failed("output-missing", f"the output {name} is absent")
        write_json(out / VALUES, {name: found[name] for name, file in promised.items() if not file})

    def _pygeoapi(self, name: str, values: dict[str, Any], out: Path) -> dict[str, Any]:
        """A processor of pygeoapi gives a media type and its only output, or an object of them."""
        module, _, class_name = name.partition(":")
        processor = _called(
            lambda: getattr(import_module(module), class_name)({"name": self._task["process"]})
        )
        given = {key: value for key, value in values.items() if value is not None}
        _, found = _called(lambda: processor.execute(given))
        promised: dict[str, str] = self._task["outputs"]
        if isinstance(found, dict) and promised.keys() <= found.keys():
            return dict(found)
        only = next(iter(promised))
        if isinstance(found, bytes) and promised[only]:
            (out / promised[only]).write_bytes(found)
        return {only: found.decode("utf-8", "replace") if isinstance(found, bytes) else found}

    def _finish(self, item: dict[str, Any], out: Path, number: int) -> str:
        """The assets of the result, as its type wants them. Raises Failed when an output is absent or not what it should be."""
        from processes.prepare import Unfit, prepare

        self._tell(number, 100, f"storing the result of {item['id']}")
        home = self._folder / RESULTS / str(number)
        try:
            prepare(self._task["kind"], out, home)
        except Unfit as unfit:
            raise Failed("output-missing", str(unfit)) from unfit
        return f"{RESULTS}/{number}"

    def _tell(self, number: int, percent: int, message: str) -> None:
        share = (number + percent / 100) / max(1, len(self._items))
        tell(self._folder, int(share * 99), message)


def _called(work: Callable[[], Any]) -> Any:
    """What a chain gives. Raises Failed with what it raised."""
    try:
        return work()
    except MemoryError as error:
        raise Failed("out-of-memory", "there was not enough memory") from error
    except Exception as error:  # a chain may raise anything; the log has the trace
        import traceback

        traceback.print_exc()
        raise Failed("algorithm-failed", f"{error.__class__.__name__}: {error}") from error


def tell(folder: Path, percent: int, message: str) -> None:
    """Writes the status file."""
    write_json(
        folder / STATUS,
        {
            "progress": percent,
            "message": message,
            "beat": time.time(),
            "node": platform.node(),
            "pid": os.getpid(),
        },
    )


def main(argv: list[str]) -> int:
    """Runs one attempt; 0 when an account of it was written, however it ended."""
    folder = Path(argv[1])
    os.umask(0o077)
    os.chdir(folder)
    if not _first(folder):
        print("this attempt runs already", flush=True)
        return 75
    tell(folder, 0, "started")
    task = read_json(folder / TASK)
    if task is None:
        write_json(
            folder / EXIT, {"ok": False, "class": "input-unavailable", "message": "the task cannot be read"}
        )
        return 0
    run = Run(folder, task)
    signal.signal(signal.SIGTERM, run.stop)
    try:
        account: dict[str, Any] = {"ok": True, "results": run.run()}
    except Failed as failed:
        account = {"ok": False, "class": failed.error_class, "message": failed.message}
    except OSError as error:
        account = {"ok": False, "class": "storage", "message": f"{error.strerror or error}"}
    write_json(folder / EXIT, account)
    Bell(
        folder.parents[2] / BELL
    ).ring()  # above the attempt, its job and the two digits of the job (`Processes.folder`)
    return 0


def _first(folder: Path) -> bool:
    """Whether this is the first process of the attempt; a cluster that restarts a job after the loss of a node counts anew."""
    mark = folder / f"started-{os.environ.get('SLURM_RESTART_COUNT', '0')}"
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def _brought(address: str, path: Path) -> None:
    """Fetches a file by an address that the supervisor signed. Raises Failed."""
    from urllib.request import ProxyHandler, build_opener

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=60) as answer, part.open("wb") as out:
            shutil.copyfileobj(answer, out, 1 << 20)
    except OSError as error:
        raise Failed("storage", f"{path.name} cannot be read from the object storage: {error}") from error
    part.replace(path)


def _filled(argument: str, item: dict[str, Any], out: Path, values: dict[str, Any]) -> str:
    """An argument of a command with its placeholders filled."""

    def fill(match: re.Match[str]) -> str:
        kind, name = match.groups()
        if kind == "band":
            return str(item["bands"][name]["path"])
        if kind == "out":
            return str(out / f"{name}.tif")
        value = values[name]
        return (
            str(value).lower()
            if isinstance(value, bool)
            else repr(value)
            if isinstance(value, float)
            else str(value)
        )

    return _PLACEHOLDER.sub(fill, argument)


def _last_lines(folder: Path) -> str:
    lines = [line.strip() for line in tail(folder / LOG, _TOLD_BYTES).splitlines() if line.strip()]
    return " | ".join(lines[-5:])


if __name__ == "__main__":
    sys.exit(main(sys.argv))
