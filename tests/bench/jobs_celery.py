"""The same for Celery: its messages on a list, its results as keys that it also publishes."""

import base64
import json
import time
import uuid
from datetime import datetime, timezone

from link import Link, encode

PLACEHOLDER = "00000000-0000-4000-8000-000000000000"
QUEUE, STAGED, RESULT = b"celery", b"bench:staged", b"celery-task-meta-"


class CeleryJobs:
    def __init__(self, server, module):
        self.server, self.link, self.module = server, server.link, module
        self.templates = {}
        self.base = 0

    def learn(self, functions):
        """Celery sends one message of each itself, ours are its copies with other ids."""
        from celery import Celery

        app = Celery("bench", broker=self.server.celery_url, backend=self.server.celery_url)
        for function in functions:
            app.send_task(f"{self.module}.{function}", task_id=PLACEHOLDER)
            message = self.link.ask("RPOP", QUEUE)
            tag = json.loads(message)["properties"]["delivery_tag"].encode()
            base64.b64decode(json.loads(message)["body"], validate=True)  # no id hides in there
            self.templates[function] = (message, tag)
        app.close()

    def message(self, function, job_id):
        message, tag = self.templates[function]
        return message.replace(PLACEHOLDER.encode(), job_id).replace(tag, str(uuid.uuid4()).encode())

    def prepare(self, function, count):
        ids = [str(uuid.uuid4()).encode() for _ in range(count)]
        self.base = self.link.ask("DBSIZE")
        for start in range(0, count, 100):
            self.link.ask(
                "LPUSH", STAGED, *(self.message(function, job_id) for job_id in ids[start : start + 100])
            )
        return ids

    def release(self):
        self.link.ask("RENAME", STAGED, QUEUE)

    def finished(self):
        """Every result is a new key; what else comes (the queue, what is not acknowledged yet) goes again."""
        unfinished = sum(
            self.link.ask_all([encode("EXISTS", key) for key in (QUEUE, b"unacked", b"unacked_index")])
        )
        return self.link.ask("DBSIZE") - self.base - unfinished

    def ends(self, ids):
        results = [
            json.loads(text or "{}")
            for text in self.link.ask_all([encode("GET", RESULT + job_id) for job_id in ids])
        ]
        if any(result.get("status") != "SUCCESS" for result in results):
            raise SystemExit("bench: a task is not finished, or has no result")
        moments = [datetime.fromisoformat(result["date_done"]) for result in results]
        return [
            (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
            for moment in moments
        ]

    def probe(self, function):
        job_id = str(uuid.uuid4()).encode()
        message = self.message(function, job_id)
        listener = Link(self.server.path)
        listener.socket.settimeout(30)
        listener.ask("SUBSCRIBE", RESULT + job_id)
        start = time.perf_counter()
        self.link.send(encode("LPUSH", QUEUE, message))
        listener.answer()
        span = time.perf_counter() - start
        self.link.answer()
        listener.close()
        return span
