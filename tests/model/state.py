"""What should be in Redis: the model's own small copy of it, with the few operations that Redis itself has on
keys."""

from collections import defaultdict

QUEUES = ("a", "b")
REGISTRIES = ("finished", "failed", "deferred", "scheduled", "canceled")
YEAR = 31536000
RESULT_TTL = 500


class Job:
    """The hash of a job: what the rules need to know of it."""

    def __init__(self, job_id, queue, **fields):
        self.id = job_id
        self.status = "queued"
        self.queue = queue
        self.retries = self.intervals = self.repeats = self.repeat_intervals = None
        self.count = 0  # of Retry results
        self.front_on_retry = self.front = self.failures_allowed = False
        self.result_ttl = self.failure_ttl = self.ttl = None
        self.group = None
        self.key = self.concurrency = None  # of a limit
        self.enqueued = 0  # the stamp of the moment
        self.timeout = 180
        self.dependencies = ()  # as its hash names them; some of them may be past
        self.ended = False  # it has an ended_at
        self.__dict__.update(fields)


class WorkerOfCq:
    """A worker of cq, driven by its transitions; execution: of what it runs, or ran when it was given
    away."""

    def __init__(self, name, queues):
        self.name, self.queues = name, queues
        self.job = self.execution = self.queue = None
        self.lives = False
        self.state = self.shows = None  # state and current job as its hash says
        self.succeeded = self.failed = 0

    def let_go(self):
        self.job = self.execution = self.queue = None


class State:
    """Everything. `left`: seconds until a key expires, by (kind, id); a key that is not in it stays."""

    def __init__(self, now):
        self.now = now  # whole seconds
        self.calls = 0  # steps taken
        self.jobs = {}
        self.lists = {queue: [] for queue in QUEUES}
        self.stuck = {queue: [] for queue in QUEUES}  # RQ's :intermediate
        self.first_seen = {}
        self.registries = {name: {queue: {} for queue in QUEUES} for name in REGISTRIES}
        self.wip = {queue: {} for queue in QUEUES}
        self.executions = {}  # (id, execution): the number of the call that started it
        self.running = defaultdict(dict)  # id: {execution: until when it counts}
        self.given_back = {queue: {} for queue in QUEUES}  # id: the same number
        self.dependents = defaultdict(set)
        self.waits = defaultdict(set)
        self.results = defaultdict(list)
        self.outputs = set()
        self.groups = defaultdict(set)
        self.left = {}
        self.workers = {}
        self.suspended = False
        self.paused = {}  # queue: when that ends, None: when somebody says so
        self.stamp = 0  # microseconds of this moment, as the hashes of jobs have it; the clock stands
        self.limits = {}  # key: what `cq limit` says
        self.slots = {}  # key: how many, as RQ 3.0's hash says
        self.allowed = defaultdict(dict)  # key: {id: stamp} of those that have a slot
        self.limited = defaultdict(dict)  # key: {id: stamp} of those that wait for one
        self.starts = defaultdict(list)  # key: times, newest first
        self.aside = defaultdict(dict)  # key: {id: stamp} of those that wait for a window
        self.wakes = {}  # key: when its next one may start
        self.started = defaultdict(list)  # key: all times since its rate was set
        self.ticks = {}  # of a cron job: (tick, id)
        self.crons_paused = set()
        self.runs = defaultdict(int)  # how often a job was started
        self.used = set()  # queues that were ever used
        self.sweeps = {queue: 0 for queue in QUEUES}  # when the next round through its registries is due
        self.suspects = {queue: set() for queue in QUEUES}  # scheduled ones that a round found without a job
        self.fuzzy = set()  # ids whose score in rq:scheduled is by the clock of Redis
        self.unordered = set()  # ids that this step put on lists in an order that is its own affair
        self.overdue = set()  # ids that RQ canceled and left in rq:wip
        self.foreign = set()  # ids whose leftovers RQ has made, by the name of its leak

    # --- keys

    def key_exists(self, kind, job_id):
        if kind == "job":
            return job_id in self.jobs
        if kind == "output":
            return job_id in self.outputs
        if kind == "execution":
            return job_id in self.executions
        if kind == "running":
            return bool(self.running.get(job_id))
        return bool(
            {"dependents": self.dependents, "waits": self.waits, "results": self.results}[kind].get(job_id)
        )

    def expire(self, kind, job_id, seconds):
        if self.key_exists(kind, job_id):
            self.left[kind, job_id] = seconds

    def persist(self, kind, job_id):
        self.left.pop((kind, job_id), None)

    def drop(self, kind, job_id):
        self.left.pop((kind, job_id), None)
        if kind == "job":
            self.jobs.pop(job_id, None)
        elif kind == "output":
            self.outputs.discard(job_id)
        elif kind == "execution":
            self.executions.pop(job_id, None)
        elif kind == "running":
            self.running.pop(job_id, None)
        elif kind == "starts":
            self.starts[job_id] = []
        elif kind == "tick":
            self.ticks.pop(job_id, None)
        elif kind == "given_back":
            self.given_back[job_id] = {}
        elif kind == "worker":
            self.workers[job_id].lives = False
        else:
            {"dependents": self.dependents, "waits": self.waits, "results": self.results}[kind].pop(
                job_id, None
            )

    def forget(self, sets, kind, key, member):
        """SREM: an empty set is gone, and its expiry."""
        sets[key].discard(member)
        if not sets[key]:
            self.drop(kind, key)

    def forget_running(self, key):
        self.running.get(key[0], {}).pop(key[1], None)
        if not self.running.get(key[0]):
            self.drop("running", key[0])

    def moment(self):
        return self.now + self.stamp * 0.000001

    def note_start(self, key, rate, window):
        """The promise itself, whatever the rules above say."""
        times = self.started[key]
        times.append(self.moment())
        if sum(at > self.moment() - window for at in times) > rate:
            raise ValueError(f"more than {rate} jobs of {key} started within {window} s")

    def let_pass(self, seconds):
        for name in list(self.left):
            self.left[name] -= seconds
            if self.left[name] <= 0:
                self.drop(*name)
        for places in (*self.registries.values(), self.wip):
            for place in places.values():
                for member, score in place.items():
                    if score != "inf" and score > 1e9:
                        place[member] = score - seconds
        for times in (*self.starts.values(), *self.started.values()):
            times[:] = [at - seconds for at in times]
        for places in (self.wakes, *self.running.values()):
            for member in places:
                places[member] -= seconds
        for queue in QUEUES:
            self.sweeps[queue] -= seconds
            if self.paused.get(queue):
                self.paused[queue] -= seconds
        for job_id in self.first_seen:
            self.first_seen[job_id] -= seconds

    # --- places

    def places_of(self, job_id):
        found = [f"list {queue}" for queue in QUEUES for other in self.lists[queue] if other == job_id]
        found += [
            f"intermediate {queue}" for queue in QUEUES for other in self.stuck[queue] if other == job_id
        ]
        found += [
            f"{name} {queue}"
            for name in REGISTRIES
            for queue in QUEUES
            if job_id in self.registries[name][queue]
        ]
        return found + [f"wip {queue}" for queue in QUEUES for other, _ in self.wip[queue] if other == job_id]

    def waiting(self, queue):
        """The next job of a list that a worker would start; ids before it are dropped."""
        for job_id in self.lists[queue]:
            job = self.jobs.get(job_id)
            if job and job.status != "canceled":
                return job
        return None

    def choose(self, *statuses):
        return [
            self.jobs[job_id]
            for job_id in sorted(self.jobs, key=int)
            if not statuses or self.jobs[job_id].status in statuses
        ]
