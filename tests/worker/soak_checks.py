"""What must hold at the end of a soak: one function a sentence, each yields what is wrong."""

import base64
import collections
import zlib
from pathlib import Path

from soak_client import waits_for_ever
from soak_processes import QUEUES


def every_job_is_in_exactly_one_place(soak):
    places = collections.defaultdict(list)
    for queue in QUEUES:
        for job_id in soak.server.call("LRANGE", f"rq:queue:{queue}", 0, -1):
            places[job_id.decode()].append("queued")
        for member in soak.server.call("ZRANGE", f"rq:wip:{queue}", 0, -1):
            places[member.decode().split(":")[0]].append("started")
        for place in ("finished", "failed", "scheduled", "deferred", "canceled"):
            for job_id in soak.server.call("ZRANGE", f"rq:{place}:{queue}", 0, -1):
                places[job_id.decode()].append(place)
    for job_id, job in soak.jobs.items():
        status = status_of(soak, job_id)
        if status == "(gone)" and not job.is_sure and not places[job_id]:
            continue  # its command was killed before it enqueued it
        expected = "failed" if status == "stopped" else status
        may_be = (
            expected in ("finished", "failed")
            or expected == "canceled"
            and job_id in soak.client.canceled
            or expected == "deferred"
            and waits_for_ever(soak, job_id)
        )
        if places[job_id] != [expected] or not may_be:
            yield f"{job_id} is {status} and in {places[job_id] or 'no place'}"
    for key in soak.server.call("KEYS", "rq:rl*"):
        yield f"{key.decode()} is left"


def no_job_ran_more_often_than_it_may(soak):
    begun, ended, _ = runs_of(soak)
    for job_id, job in soak.jobs.items():
        if begun[job_id] > 1 + job.retries + job.repeats:
            yield f"{job_id} was begun {begun[job_id]} times"
        if ended[job_id] > 1 + job.retries + job.repeats:
            yield f"{job_id} was ended {ended[job_id]} times"


def a_finished_job_ran_to_its_end_and_has_a_result_of_each_time(soak):
    _, ended, called = runs_of(soak)
    for job_id, job in soak.jobs.items():
        if status_of(soak, job_id) != "finished":
            continue
        results = [fields[b"type"] for fields in results_of(soak, job_id)]
        if ended[job_id] < 1 + job.repeats or results.count(b"1") != 1 + job.repeats:
            yield f"{job_id} is finished, ended {ended[job_id]} times, with results {results}"
        if job.calls_back and not 1 + job.repeats <= called[job_id] <= ended[job_id]:
            yield f"{job_id} is finished, ended {ended[job_id]} times, and called back {called[job_id]} times"


def a_job_failed_only_because_something_of_it_was_killed(soak):
    killed = 0
    for job_id in soak.jobs:
        status = status_of(soak, job_id)
        if status not in ("failed", "stopped"):
            continue
        texts = [
            zlib.decompress(base64.b64decode(fields[b"exc_string"])).decode()
            for fields in results_of(soak, job_id)
            if fields[b"type"] == b"2"
        ]
        last = texts[-1] if texts else ""
        if status == "stopped" and job_id in soak.stopped and last.startswith("Job stopped by user"):
            continue
        if len(texts) != 1 or not (
            "Work-horse terminated unexpectedly" in last or "AbandonedJobError" in last
        ):
            yield f"{job_id} {status} with {texts}"
        killed += 1
    if killed > soak.may_die:
        yield f"{killed} jobs lost their horse, and at most {soak.may_die} may have"


def every_worker_ended_as_it_should_and_kept_its_descriptors(soak):
    yield from soak.statuses
    yield from soak.client.statuses
    for log in sorted(Path(soak.folder).glob("soak-*.log")):
        for line in log.read_text(errors="replace").splitlines():
            if "AddressSanitizer" in line or "runtime error:" in line or "LeakSanitizer" in line:
                yield f"{log.name}: {line}"


def status_of(soak, job_id):
    return (soak.server.call("HGET", f"rq:job:{job_id}", "status") or b"(gone)").decode()


def results_of(soak, job_id):
    return [
        dict(zip(fields[::2], fields[1::2])) if isinstance(fields, list) else fields
        for _, fields in soak.server.call("XRANGE", f"rq:results:{job_id}", "-", "+")
    ]


def runs_of(soak):
    """How often each was begun, ended, called back."""
    runs = {"begin": collections.Counter(), "end": collections.Counter(), "called": collections.Counter()}
    for line in Path(soak.record).read_text().splitlines():
        kind, job_id = line.split()
        runs[kind][job_id] += 1
    return runs["begin"], runs["end"], runs["called"]


CHECKS = [
    every_job_is_in_exactly_one_place,
    no_job_ran_more_often_than_it_may,
    a_finished_job_ran_to_its_end_and_has_a_result_of_each_time,
    a_job_failed_only_because_something_of_it_was_killed,
    every_worker_ended_as_it_should_and_kept_its_descriptors,
]


def report(soak, seed):
    passed = failed = 0
    for check in CHECKS:
        wrong = list(check(soak))
        name = check.__name__.replace("_", " ")
        if wrong:
            failed += 1
            print(f"FAILED (seed {seed}): {name}")
            for line in wrong[:20]:
                print(f"    {line}")
        else:
            passed += 1
            print(f"ok: {name}")
    outcomes = collections.Counter(status_of(soak, job_id) for job_id in soak.jobs)
    print(
        f"{len(soak.jobs)} jobs: {dict(outcomes)}; {sum(worker.round for worker in soak.workers)} workers "
        "started"
    )
    return passed, failed
