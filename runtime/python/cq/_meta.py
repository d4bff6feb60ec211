"""Meta that goes with an answer: what a job has changed in it and did not save itself.

Imported for jobs that looked at their meta. Of cq's own job the changes are always stored. Of rq's Job they
are where RQ stores them: when it brings the job back (a retry, a repeat), for which it writes the job whole.
Source: rq/queue.py Queue._enqueue_job, schedule_job, rq/repeat.py.
"""

import _cq


def add(job, kind: str, fields: dict) -> None:
    """Add `meta` to the fields of an answer of that type, if there is something to store."""
    try:
        if job._meta is not None:
            raw = job.take_meta()
        elif job.rq_job is not None and job.rq_job.meta and _comes_back(job, kind):
            raw = job.serializer.dumps(job.rq_job.meta)
        else:
            return
    except Exception as error:
        from cq._errors import last_line

        text = f"the job's meta cannot be written, so its changes are lost: {last_line(error)}"
        _cq.send('log', {'level': 'ERROR', 'text': text})
    else:
        if raw is not None:
            fields['meta'] = raw


def _comes_back(job, kind: str) -> bool:
    if kind == 'retry':
        return True
    left = job.fields.get(b'retries_left' if kind == 'failed' else b'repeats_left')
    return left not in (None, b'', b'0')
