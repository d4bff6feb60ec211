"""Does Redis hold what the model says? And whose is each key?"""

from state import QUEUES, REGISTRIES

SLACK_S = 20  # of an expiry: the machine's own time runs while the model's stands
JOB_SETS = {"rq:job:{}:dependents": "dependents", "rq:job::{}:dependencies": "waits"}


def number(text):
    return None if text is None else int(text)


def expected_jobs(state):
    return {
        job.id: {
            "status": job.status,
            "queue": job.queue,
            "retries": job.retries,
            "repeats": job.repeats,
            "count": job.count,
            "group": job.group or "",
        }
        for job in state.jobs.values()
    }


def found_jobs(picture):
    return {
        key[7:]: {
            "status": fields.get("status"),
            "queue": fields.get("origin"),
            "retries": number(fields.get("retries_left")),
            "repeats": number(fields.get("repeats_left")),
            "count": int(fields.get("number_of_retries") or 0),
            "group": fields.get("group_id", ""),
        }
        for key, fields in picture.values.items()
        if key.startswith("rq:job:") and picture.kinds[key] == "hash"
    }


def sets_of(picture, prefix, suffix):
    return {
        key[len(prefix) : -len(suffix)]: value
        for key, value in picture.values.items()
        if key.startswith(prefix) and key.endswith(suffix)
    }


def expected_workers(state):
    return {
        worker.name: {
            "state": worker.state,
            "job": worker.shows,
            "succeeded": worker.succeeded,
            "failed": worker.failed,
        }
        for worker in state.workers.values()
        if worker.lives
    }


def found_workers(state, picture):
    found = {}
    for name, fields in picture.under("rq:worker:").items():
        if name not in state.workers or "death" in fields:
            continue
        found[name] = {
            "state": fields.get("state"),
            "job": fields.get("current_job"),
            "succeeded": int(fields.get("successful_job_count") or 0),
            "failed": int(fields.get("failed_job_count") or 0),
        }
    return found


def hide_fuzzy(state, scores):
    return {job_id: None if job_id in state.fuzzy else score for job_id, score in scores.items()}


def adopt_order(state, queue, found):
    """Those that RQ pushed together come in the order of a set."""
    expected = state.lists[queue]
    if sorted(expected) == sorted(found) and [i for i in expected if i not in state.unordered] == [
        i for i in found if i not in state.unordered
    ]:
        state.lists[queue] = list(found)


def pairs(state, picture):
    """(what, as it should be, as it is)"""
    yield "jobs", expected_jobs(state), found_jobs(picture)
    for queue in QUEUES:
        found = picture.values.get(f"rq:queue:{queue}", [])
        adopt_order(state, queue, found)
        yield f"list {queue}", state.lists[queue], found
        yield (
            f"intermediate {queue}",
            state.stuck[queue],
            picture.values.get(f"rq:queue:{queue}:intermediate", []),
        )
        wip = {f"{job}:{execution}": score for (job, execution), score in state.wip[queue].items()}
        yield f"wip {queue}", wip, picture.scores(f"rq:wip:{queue}")
        for name in REGISTRIES:
            found = picture.scores(f"rq:{name}:{queue}")
            if name == "deferred":  # RQ's score is the moment of its registration, and nobody reads it
                yield f"{name} {queue}", set(state.registries[name][queue]), set(found)
            elif name == "scheduled":
                yield (
                    f"{name} {queue}",
                    hide_fuzzy(state, state.registries[name][queue]),
                    hide_fuzzy(state, found),
                )
            else:
                yield f"{name} {queue}", state.registries[name][queue], found
    for name, kind in (("dependents", state.dependents), ("waits", state.waits)):
        pattern = ("rq:job:", ":dependents") if name == "dependents" else ("rq:job::", ":dependencies")
        yield name, {key: value for key, value in kind.items() if value}, sets_of(picture, *pattern)
    yield (
        "results",
        {key: value for key, value in state.results.items() if value},
        picture.under("rq:results:"),
    )
    yield "outputs", state.outputs, set(picture.under("rq:cq:output:"))
    yield "groups", {key: value for key, value in state.groups.items() if value}, picture.under("rq:group:")
    yield (
        "executions",
        {f"{job}:{execution}" for job, execution in state.executions},
        set(picture.under("rq:execution:")),
    )
    yield "workers", expected_workers(state), found_workers(state, picture)
    yield (
        "running",
        {key: set(value) for key, value in state.running.items() if value},
        {key: set(value) for key, value in picture.under("rq:executions:").items()},
    )
    yield "suspended", state.suspended, "rq:suspended" in picture.values
    yield (
        "first seen",
        set(state.first_seen),
        {key.rsplit(":", 1)[1] for key in picture.values if ":first_seen:" in key},
    )


def pairs_of_limits(state, picture):
    """The keys of limits, pauses, cron."""
    slots = {
        key: number(value.get("concurrency"))
        for key, value in picture.under("rq:rl:").items()
        if not key.endswith((":allowed", ":rate_limited"))
    }
    yield "slots", state.slots, slots
    yield "keys of limits", set(state.slots), picture.values.get("rq:rl-keys", set())
    yield (
        "allowed",
        {key: set(value) for key, value in state.allowed.items() if value},
        {key: set(value) for key, value in sets_of(picture, "rq:rl:", ":allowed").items()},
    )
    yield (
        "rate limited",
        {key: set(value) for key, value in state.limited.items() if value},
        {key: set(value) for key, value in sets_of(picture, "rq:rl:", ":rate_limited").items()},
    )
    yield (
        "set aside",
        {key: set(value) for key, value in state.aside.items() if value},
        {key: set(value) for key, value in picture.under("rq:cq:waiting:").items()},
    )
    wakes = {key: float(value) for key, value in picture.values.get("rq:cq:waiting", {}).items()}
    yield (
        "wakes",
        {key: round(at) for key, at in state.wakes.items()},
        {key: round(at) for key, at in wakes.items()},
    )
    yield (
        "starts",
        {key: len(value) for key, value in state.starts.items() if value},
        {key: len(value) for key, value in picture.under("rq:cq:starts:").items()},
    )
    yield "limits", set(state.limits), picture.values.get("rq:cq:limits", set())
    yield (
        "paused",
        state.paused,
        {queue: number(ends or None) for queue, ends in picture.values.get("rq:cq:paused", {}).items()},
    )
    yield "crons paused", state.crons_paused, picture.values.get("rq:cq:cron:paused", set())


def key_of(kind, job_id):
    if kind == "execution":
        return "rq:execution:{}:{}".format(*job_id)
    if kind == "given_back":
        return f"rq:cq:given_back:{job_id}"
    return {
        "job": "rq:job:{}",
        "dependents": "rq:job:{}:dependents",
        "waits": "rq:job::{}:dependencies",
        "results": "rq:results:{}",
        "output": "rq:cq:output:{}",
        "running": "rq:executions:{}",
        "starts": "rq:cq:starts:{}",
        "tick": "rq:cq:cron:tick:{}",
        "worker": "rq:worker:{}",
    }[kind].format(job_id)


def lifetimes(state, picture):
    """What ends too early, too late or never."""
    expected = {key_of(*name): left for name, left in state.left.items()}
    for key, ttl in picture.ttls.items():
        if not key.startswith(
            ("rq:job:", "rq:results:", "rq:cq:output:", "rq:execution", "rq:cq:starts:", "rq:cq:cron:tick:")
        ):
            continue
        left = expected.get(key, -1)
        if (left < 0) != (ttl < 0) or left >= 0 and not left - SLACK_S <= ttl <= left + 1:
            yield f"{key} has {ttl} s left, and should have {left}"


def is_started(state, member):
    """An execution that is silent for long may have been forgotten by a job that moved on."""
    job = state.jobs.get(member.rsplit(":", 1)[0])
    return job is not None and job.status == "started"


def one_place(state, picture):
    """The rule that needs no model: a job is in the one place that fits its status."""
    places = {job_id: [] for job_id in found_jobs(picture)}
    for queue in QUEUES:
        names = [
            ("queued", picture.values.get(f"rq:queue:{queue}", [])),
            ("queued", picture.values.get(f"rq:queue:{queue}:intermediate", [])),
            (
                "started",
                [
                    member.rsplit(":", 1)[0]
                    for member, score in picture.scores(f"rq:wip:{queue}").items()
                    if score + 60 > state.now or is_started(state, member)
                ],
            ),
        ]
        names += [
            ("rate_limited", ids if queue == "a" else ())
            for ids in sets_of(picture, "rq:rl:", ":rate_limited").values()
        ]
        names += [(name, picture.values.get(f"rq:{name}:{queue}", {})) for name in REGISTRIES]
        for name, ids in names:
            for job_id in ids:
                places.setdefault(job_id, []).append(name)
    for job_id, found in places.items():
        job = state.jobs.get(job_id)
        if job_id in state.overdue and "started" in found and job and job.status == "canceled":
            found.remove("started")
        if job and found != [{"stopped": "failed"}.get(job.status, job.status)]:
            yield f"{job_id} is {job.status} and in {found or 'no place'}"


# Keys that stay: each a set of names, or a place of jobs.
LASTING = (
    "rq:queues",
    "rq:workers",
    "rq:workers:",
    "rq:groups",
    "rq:suspended",
    "rq:queue:",
    "rq:wip:",
    "rq:finished:",
    "rq:failed:",
    "rq:deferred:",
    "rq:scheduled:",
    "rq:canceled:",
    "rq:group:",
    "rq:cq:paused",
    "rq:cq:limits",
    "rq:cq:limit:",
    "rq:cq:waiting",
    "rq:rl:",
    "rq:rl-keys",
    "rq:cron_jobs",
    "rq:cq:cron:paused",
)
# Keys that must end by themselves.
PASSING = (
    "rq:execution:",
    "rq:executions:",
    "rq:worker:",
    "rq:clean_registries:",
    "rq:scheduler",
    "rq:cron_job:",
    "rq:cq:cron:tick:",
    "rq:cq:starts:",
    "rq:cq:sweep",
    "rq:cq:given_back:",
    "rq:queue:{}:intermediate:first_seen:",
)


def ownerless(state, picture):
    """Keys without an owner or an end."""
    for key, ttl in picture.ttls.items():
        if ":first_seen:" in key or key.startswith(PASSING):
            if ttl < 0 and key[:-11] not in picture.values.get("rq:workers", ()):
                yield f"{key} has no end"
        elif key.startswith("rq:job::"):
            if ttl < 0 and key[8:-13] not in state.jobs and key[8:-13] not in state.foreign:
                yield f"{key} is of no job"
        elif key.startswith("rq:job:") and key.endswith(":dependents"):
            waiting = any(other in state.jobs for other in picture.values[key])
            if ttl < 0 and key[7:-11] not in state.jobs and not waiting and key[7:-11] not in state.foreign:
                yield f"{key} is of no job"
        elif key.startswith(("rq:results:", "rq:cq:output:")):
            job_id = key.rsplit(":", 1)[1]
            if (
                ttl < 0
                and job_id not in state.jobs
                and job_id not in state.foreign
                and not state.places_of(job_id)
            ):
                yield f"{key} is of no job"
        elif not key.startswith(LASTING) and not key.startswith("rq:job:"):
            yield f"nobody knows {key}"


def differences(state, picture):
    """Everything that is wrong, one line each."""
    for what, expected, found in (*pairs(state, picture), *pairs_of_limits(state, picture)):
        if expected == found:
            continue
        if isinstance(expected, dict):
            for key in sorted(set(expected) | set(found)):
                if expected.get(key) != found.get(key):
                    yield f"{what} {key}: {found.get(key)}, and should be {expected.get(key)}"
        else:
            yield f"{what}: {found}, and should be {expected}"
    yield from lifetimes(state, picture)
    yield from one_place(state, picture)
    yield from ownerless(state, picture)
