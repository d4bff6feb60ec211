"""What is about many jobs, keys or queues: bulk forms, limits, pauses, ticks of cron, stop."""

import rules_limits
import rules_manage
from actors import DATA
from state import QUEUES, Job
from steps import some_job, step, tell

KEYS = ("k1", "k2")
PLACES = {
    "cancel": ("queued", "deferred", "scheduled", "started", "failed"),
    "requeue": ("failed", "canceled"),
    "delete": ("queued", "deferred", "scheduled", "finished", "failed", "canceled"),
}


@step(7)
def cq_bulk(world, chance):
    verb = chance.choice(("cancel", "delete", "requeue"))
    place, queue = chance.choice(PLACES[verb]), chance.choice(QUEUES)
    dependents, detach, front = chance.random() < 0.4, chance.random() < 0.5, chance.random() < 0.3
    found = rules_manage.ids_in(world.state, place, queue)
    with_others = place == "queued" and dependents  # the command names them all then
    named = place == "started" or with_others or chance.random() < 0.5
    ids = [job_id for job_id in found if with_others or chance.random() < 0.6] if named else []
    if not found or named and not ids:
        return
    answer = world.cq(
        "bulk",
        what=verb,
        place=place,
        queue=queue,
        ids=",".join(ids) or None,
        rank=found.index(ids[0]) if ids else None,
        dependents=dependents,
        detach=detach,
        front=front,
    )
    world.expect(answer[0] == "ok", f"{verb} of {place} answered {answer}")
    rules_manage.bulk(world.state, verb, place, queue, ids, dependents, detach, front)
    tell(
        world, f"{verb} {place} {queue} {ids or 'all'} dependents {dependents} detach {detach} front {front}"
    )


@step(2)
def cq_stop(world, chance):
    """Nobody listens on the channels of these workers: the command is lost, and changes nothing."""
    job = some_job(world, chance)
    if job:
        answer = world.cq("stop", id=job.id)
        runs = job.status == "started" and any(other == job.id for other, _ in world.state.wip[job.queue])
        known = job.id in world.state.running
        world.expect(
            answer[:2] == ["ok", "unheard" if runs and known else "not_running"],
            f"stop of {job.id}, {job.status}, answered {answer}",
        )
        tell(world, f"{job.id} {answer[1]}")


@step(4)
def cq_limit(world, chance):
    key, remove = chance.choice(KEYS), chance.random() < 0.3
    rate, window = chance.choice(((None, None), (0, None), (1, 35), (2, 35), (1, 1005), (2, 1005), (3, 1005)))
    concurrency = chance.choice((None, None, 0, 1, 3))
    if remove:
        rate, window, concurrency = 0, None, 0
        world.cq("limit", key=key, remove=True, twice=chance.random() < 0.3)
    else:
        world.cq(
            "limit", key=key, rate=rate, window=window, concurrency=concurrency, twice=chance.random() < 0.3
        )
    rules_limits.limit(world.state, key, rate, window, concurrency)
    tell(world, f"{key} rate {rate}/{window} concurrency {concurrency}")


@step(3)
def cq_pause(world, chance):
    state, queue = world.state, chance.choice(QUEUES)
    seconds, resume = chance.choice((0, 35, 1005)), chance.random() < 0.5
    world.cq("pause", queue=queue, seconds=seconds, resume=resume, twice=chance.random() < 0.3)
    for other in list(state.paused):
        rules_limits.is_paused(state, other)
    if resume:
        state.paused.pop(queue, None)
    else:
        state.paused[queue] = state.now + seconds if seconds else None
    tell(world, f"{queue} {'resume' if resume else seconds}")


@step(3)
def cq_cron_tick(world, chance):
    state, name = world.state, chance.choice(("c1", "c2"))
    held = state.ticks.get(name)
    world.last_id += 1
    job = Job(str(world.last_id), chance.choice(QUEUES))
    job.group, job.key = chance.choice((None, "g1")), chance.choice((None, None, *KEYS))
    job.concurrency = chance.choice((None, 1)) if job.key else None
    front, no_overlap, stale = chance.random() < 0.2, chance.random() < 0.4, chance.random() < 0.2
    twice = chance.random() < 0.3
    tick = None if chance.random() < 0.15 else world.last_id + 1000
    seen = "1_0" if stale else f"{held[0] or ''}_{held[1]}" if held else None
    answer = world.cq(
        "cron_tick",
        name=name,
        id=job.id,
        queue=job.queue,
        data=DATA,
        group=job.group,
        key=job.key,
        concurrency=job.concurrency,
        seen=seen,
        tick=tick,
        no_overlap=no_overlap,
        front=front,
        twice=twice,
    )
    outcome = rules_manage.cron_tick(state, name, job, held, tick, stale, no_overlap, front)
    spent = twice and outcome in ("paused", "overlaps")  # the second call finds that tick taken
    world.expect(
        answer == ["ok", "taken" if spent else outcome],
        f"the tick was answered {answer}, and should be {outcome}",
    )
    tell(world, f"{name} {tick} {job.id} {outcome}")


@step(1)
def cq_cron_pause(world, chance):
    name, paused = chance.choice(("c1", "c2")), chance.random() < 0.5
    world.cq("cron_pause", name=name, paused=paused, twice=chance.random() < 0.3)
    (world.state.crons_paused.add if paused else world.state.crons_paused.discard)(name)
    tell(world, f"{name} {paused}")
