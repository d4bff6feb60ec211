"""The model-based test: random steps by workers and clients of cq and of RQ on one Redis; after each of them
Redis must hold what a small model says. A run is many short episodes, each from an empty Redis and a seed of
its own. An episode that fails is cut down to the steps that it needs, and printed.

usage: model.py [--seed N] [--steps N] [--minutes N] [--episode N] [--only STEP,...] [--verbose]
  --episode N   this one alone, as a failure names it
"""

import argparse
import logging
import os
import random
import shutil
import sys
import tempfile
import time
import traceback

import redis

import actors
import check
import reading
import steps
import steps_bulk  # noqa: F401 # (they register themselves)
import steps_enqueue  # noqa: F401
import steps_manage  # noqa: F401
import steps_work
from redis_side import Picture, let_pass
from state import State

LENGTH = 60  # steps of an episode


class Wrong(Exception):
    """Redis and the model differ."""


class World:
    """One episode: the model, and who acts."""

    def __init__(self, server, driver, clock):
        self.connection, self.cq, self.clock = server.connection, driver, clock
        self.connection.flushdb()
        clock.now, clock.calls = int(time.time()), 0
        self.rq = actors.Rq(self.connection)
        self.state = clock.state = State(clock.now)
        self.last_id = 0
        self.wrong, self.said = [], []
        self.chance = random.Random(0)
        for name in ("w1", "w2", "w3"):
            steps_work.be_born(self, name, False)

    def workers(self):
        return [self.state.workers[name] for name in sorted(self.state.workers)]

    def expect(self, holds, text):
        if not holds:
            self.wrong.append(text)

    def take(self, name, seed):
        """The clock stands, and all that is in Redis becomes ten seconds older: so what is judged by the
        clock of Redis is judged as the model does, moments being five seconds off the tens, or written by the
        standing clock."""
        self.said = []
        let_pass(self.connection, 10)
        self.state.let_pass(10)
        self.state.calls += 1
        self.state.unordered = set()
        steps.STEPS[name][1](self, random.Random(seed))
        self.wrong += check.differences(self.state, Picture(self.connection))
        if self.wrong:
            raise Wrong("\n".join(self.wrong))

    def end(self):
        """What RQ reads; and what is left in the end."""
        self.wrong += reading.misread(self)
        self.wrong += [] if self.wrong else reading.at_rest(self)
        self.wrong += [] if self.wrong else check.differences(self.state, Picture(self.connection))
        if self.wrong:
            raise Wrong("\n".join(self.wrong))


ALWAYS = ("cq_enqueue", "cq_fetch", "cq_finish")


def plan(seed, names):
    """Each episode has steps of its own that it prefers, and some that it leaves out: so rare ones meet each
    other."""
    chance = random.Random(seed)
    weights = [
        steps.STEPS[name][0] * chance.choice((1, 2, 4) if name in ALWAYS else (0, 1, 1, 4)) for name in names
    ]
    first = []
    if "cq_limit" in names and chance.random() < 0.4:  # one about limits, which need many starts
        first = ["cq_limit"] * 3
        weights = [
            weight * {"cq_enqueue": 3, "cq_spree": 6, "cq_fetch": 2, "rq_run": 0}.get(name, 1)
            for name, weight in zip(names, weights)
        ]
    return [
        (name, chance.getrandbits(32))
        for name in first + chance.choices(names, weights, k=LENGTH - len(first))
    ]


class Run:
    """Episodes on one server."""

    def __init__(self, driver, verbose):
        self.folder = tempfile.mkdtemp(prefix="cq-model.")
        self.server = actors.Server(self.folder)
        self.clock = actors.Clock()
        self.driver = actors.Driver(driver, self.server.socket, self.clock)
        self.verbose = verbose
        self.taken = {}
        self.count = 0

    def end(self):
        self.driver.end()
        self.server.end()
        shutil.rmtree(self.folder)

    def play(self, planned, out=None):
        """Returns None, or (number of the step that went wrong, what is wrong)."""
        world = World(self.server, self.driver, self.clock)
        for at, (name, seed) in enumerate([*planned, ("the end", 0)]):
            try:
                if name == "the end":
                    world.end()
                    break
                world.take(name, seed)
            except Wrong as wrong:
                return at, str(wrong)
            except (
                redis.exceptions.RedisError,
                LookupError,
                ValueError,
            ):  # of RQ or of the model: no reason to stop here
                return at, traceback.format_exc()
            finally:
                self.count += 1
                if world.said:
                    self.taken[name] = self.taken.get(name, 0) + 1
                if out and world.said:
                    print(f"  {name}: {'; '.join(map(str, world.said))}", file=out)
        return None

    def shrink(self, planned, wrong):
        """Leave out what is not needed, in ever smaller pieces, as long as the same thing goes wrong."""

        def kind(found):
            return (planned_name(found), found[1].split(" ")[0])

        def planned_name(found):
            return self.current[found[0]][0] if found[0] < len(self.current) else "the end"

        self.current = planned
        wanted = kind(wrong)
        planned = planned[: wrong[0] + 1]
        size, before = len(planned) // 2, None
        while size > 0:
            at, before = 0, planned
            while at < len(planned):
                self.current = planned[:at] + planned[at + size :]
                found = self.play(self.current) if self.current else None
                if found and kind(found) == wanted:
                    planned = self.current[: found[0] + 1]
                else:
                    at += size
            if size > 1 or planned is before:
                size //= 2
        return planned

    def episode(self, seed, names):
        planned = plan(seed, names)
        wrong = self.play(planned, sys.stdout if self.verbose else None)
        if wrong is None:
            return True
        name = planned[wrong[0]][0] if wrong[0] < len(planned) else "the end"
        print(f"episode {seed}, step {wrong[0] + 1} ({name}):\n{wrong[1]}", flush=True)
        planned = self.shrink(planned, wrong)
        print(f"the same in {len(planned)} steps:", flush=True)
        wrong = self.play(planned, sys.stdout)
        print(wrong[1] if wrong else "(it does not fail again)", flush=True)
        return False


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":  # RQ walks through sets
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", default=os.environ.get("MODEL_DRIVER", "build/model/driver"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--episode", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--failures", type=int, default=1, help="end after so many")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    names = args.only.split(",") if args.only else list(steps.STEPS)
    run = Run(args.driver, args.verbose)
    end = time.monotonic() + args.minutes * 60
    passed = failed = 0
    try:
        seed = args.episode if args.episode is not None else args.seed * 100000
        while failed < args.failures and (run.count < args.steps or time.monotonic() < end):
            if run.episode(seed, names):
                passed += 1
            else:
                failed += 1
            seed += 1
            if args.episode is not None:
                break
    finally:
        run.end()
    print(f"{run.count} steps: " + ", ".join(f"{name} {count}" for name, count in sorted(run.taken.items())))
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0 or passed == 0)


if __name__ == "__main__":
    main()
