# SPDX-License-Identifier: Apache-2.0
"""Stands in for OpenPBS 23's qsub, qstat, qselect and qdel as far as their manual pages say and Hysope uses them: jobs really run, are ended, and are over their time.

No Debian package has PBS. It refuses every option that it does not know, so that a wrong call is seen. State is a folder of JSON files, PBS_HOME.
`install` writes the four commands into a folder.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(os.environ.get("PBS_CONF_FILE", "/nowhere")).parent
SERVER = "pbs.example"
GRACE = 1.0


def install(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("qsub", "qstat", "qselect", "qdel"):
        path = folder / name
        path.write_text(f'#!/bin/sh\nexec {sys.executable} -P {Path(__file__).resolve()} {name} "$@"\n')
        path.chmod(0o755)


def jobs() -> dict[str, dict]:
    return {
        path.stem: json.loads(path.read_text())
        for path in sorted(HOME.glob("*.job"), key=lambda one: int(one.stem.split(".")[0]))
    }


def save(job: str, facts: dict) -> None:
    path = HOME / f"{job}.job"
    path.with_suffix(".new").write_text(json.dumps(facts))
    path.with_suffix(".new").rename(path)


def options(words: list[str], with_value: str, bare: str) -> tuple[dict[str, list[str]], list[str]]:
    found: dict[str, list[str]] = {}
    rest = []
    while words:
        word = words.pop(0)
        if word.startswith("-") and word[1:] in with_value.split():
            found.setdefault(word[1:], []).append(words.pop(0))
        elif word.startswith("-") and word[1:] in bare.split():
            found.setdefault(word[1:], []).append("")
        elif word.startswith("-"):
            sys.exit(f"usage: unknown option {word}")
        else:
            rest.append(word)
    return found, rest


def qsub(words: list[str]) -> None:
    chosen, rest = options(words, "N j o r S l q A", "")
    resources = dict(part.split("=", 1) for one in chosen.get("l", []) for part in [one])
    name = chosen.get("N", ["STDIN"])[0]
    if rest or not re.fullmatch(r"[A-Za-z][!-~]{0,229}", name):
        sys.exit("qsub: illegal -N value")
    if not re.fullmatch(r"1:ncpus=[0-9]+:mem=[0-9]+mb", resources.get("select", "")):
        sys.exit("qsub: Illegal attribute or resource value Resource_List.select")
    hours, minutes, seconds = resources["walltime"].split(":")
    if chosen.get("q", ["workq"])[0] != "workq":
        sys.exit("qsub: Unknown queue")
    number = 1 + max([int(one.split(".")[0]) for one in jobs()], default=0)
    job = f"{number}.{SERVER}"
    facts = {
        "Job_Name": name, "Job_Owner": f"{os.getuid()}@node", "job_state": "Q", "queue": "workq",
        "Resource_List": resources, "walltime": int(hours) * 3600 + int(minutes) * 60 + int(seconds), "script": sys.stdin.read(),
    }  # fmt: skip
    save(job, facts)
    if not (HOME / "closed").exists():
        subprocess.Popen(
            [sys.executable, "-P", __file__, "_run", job], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "PBS_CONF_FILE": str(HOME / "pbs.conf"), "PBS_SECONDS": os.environ.get("PBS_SECONDS", "")},
        )  # fmt: skip
    print(job)


def _run(job: str) -> None:
    """MoM: runs the script in a session of its own, until it ends, is deleted or is over its time."""
    facts = jobs()[job]
    child = subprocess.Popen(
        ["/bin/sh"], stdin=subprocess.PIPE, start_new_session=True, env={"PATH": "/usr/bin:/bin"}, text=True
    )
    assert child.stdin
    child.stdin.write(facts["script"])
    child.stdin.close()
    save(
        job, {**facts, "job_state": "R", "exec_host": "node/0", "pid": child.pid, "comment": "Job run at now"}
    )
    until = time.monotonic() + float(os.environ.get("PBS_SECONDS") or facts["walltime"])
    status = None
    while child.poll() is None:
        if (HOME / f"{job}.del").exists():
            status = 271
        elif time.monotonic() > until:
            status = -29
        if status is not None:
            os.killpg(child.pid, signal.SIGTERM)
            time.sleep(0.05)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        time.sleep(0.02)
    if status is None:
        status = child.returncode if child.returncode >= 0 else 256 - child.returncode
    comment = "Job exceeded resource walltime" if status == -29 else "Job finished"
    save(job, {**jobs()[job], "job_state": "F", "Exit_status": status, "comment": comment})


def qstat(words: list[str]) -> None:
    chosen, wanted = options(words, "F", "x f")
    assert chosen.keys() == {"x", "f", "F"} and chosen["F"] == ["json"]
    known = jobs()
    unknown = [one for one in wanted if one not in known]
    shown = {
        one: {name: value for name, value in known[one].items() if name not in ("script", "pid", "walltime")}
        for one in wanted
        if one in known
    }
    if shown:
        print(
            json.dumps(
                {
                    "timestamp": int(time.time()),
                    "pbs_version": "23.06.06",
                    "pbs_server": SERVER,
                    "Jobs": shown,
                },
                indent=4,
            )
        )
    for one in unknown:
        print(f"qstat: Unknown Job Id {one}", file=sys.stderr)
    sys.exit(153 if unknown else 0)


def qselect(words: list[str]) -> None:
    chosen, rest = options(words, "N", "x")
    assert not rest and "x" in chosen
    for job, facts in jobs().items():
        if facts["Job_Name"] == chosen["N"][0]:
            print(job)


def qdel(words: list[str]) -> None:
    (job,) = words
    found = jobs().get(job)
    if found is None:
        print(f"qdel: Unknown Job Id {job}", file=sys.stderr)
        sys.exit(153)
    if found["job_state"] == "F":
        print(f"qdel: Job has finished {job}", file=sys.stderr)
        sys.exit(35)
    if found["job_state"] == "Q":
        save(job, {**found, "job_state": "F", "Exit_status": 271})
        return
    (HOME / f"{job}.del").touch()


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    if verb == "_run":
        _run(arguments[0])
    else:
        if (HOME / "down").exists():
            sys.exit(f"Connection refused\n{verb}: cannot connect to server {SERVER} (errno=15010)")
        {"qsub": qsub, "qstat": qstat, "qselect": qselect, "qdel": qdel}[verb](arguments)
