"""The numbers of a run of RQ's tests, compared with expected.txt. usage: ledger.py WORKERS RESULTS EXPECTED
[--partial]

A line of expected.txt is `WORKERS CATEGORY TEST REASON`. Fails when a test fails that is not there, and, so
that the list stays true, when one that is there passes; `flaky` may do either.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

CATEGORIES = {
    "internals": "not applicable: about RQ's own Python objects",
    "differs": "not applicable: cq does it otherwise, on purpose",
    "later": "not there yet",
    "defect": "a defect of cq, known",
    "flaky": "may fail on a slow machine",
}


def read_expected(path, workers):
    expected = {}
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        kind, category, test, reason = (line.split(None, 3) + ["", "", "", ""])[:4]
        if category not in CATEGORIES or not reason:
            sys.exit(f"ledger: {path}:{number}: not `WORKERS CATEGORY TEST REASON`")
        if kind == workers or (kind, workers) == ("cq", "reuse"):
            expected[f"tests/{test}"] = (category, reason)
    return expected


def compare(results, expected, partial):
    """What is wrong, as lines."""
    wrong = []
    for test, result in results.items():
        category = expected.get(test, ("", ""))[0]
        if result["outcome"] == "failed" and not category:
            wrong.append(f"FAILED {test}: {result.get('error', '')[:300]}")
        if result["outcome"] == "passed" and category not in ("", "flaky"):
            wrong.append(f"PASSES NOW {test}: take it out of expected.txt")
    if not partial:
        wrong += [
            f"NO SUCH TEST {test}: take it out of expected.txt" for test in expected if test not in results
        ]
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workers")
    parser.add_argument("results")
    parser.add_argument("expected")
    parser.add_argument("--partial", action="store_true")
    options = parser.parse_args()
    results = json.loads(Path(options.results).read_text())
    expected = read_expected(options.expected, options.workers)
    wrong = compare(results, expected, options.partial)
    with_cq = Counter(result["outcome"] for result in results.values() if result["cq"])
    without = Counter(result["outcome"] for result in results.values() if not result["cq"])
    reasons = Counter(
        expected[test][0]
        for test, result in results.items()
        if result["outcome"] == "failed" and test in expected
    )
    if options.workers != "rq":
        print(
            f"a cq ran in {sum(with_cq.values())} tests: {with_cq['passed']} passed, {with_cq['failed']} "
            "failed"
        )
        print(
            f"no worker ran in {sum(without.values())} tests: {without['passed']} passed, "
            f"{without['failed']} failed, "
            f"{without['skipped']} skipped"
        )
    for category, count in sorted(reasons.items()):
        print(f"  {count:3} expected: {category} ({CATEGORIES[category]})")
    for line in wrong:
        print(line)
    total = with_cq + without
    print(
        f"rq-suite ({options.workers}): {total['passed']} passed, {total['failed']} failed, "
        f"{total['skipped']} skipped; "
        f"{len(wrong)} not as expected"
    )
    return 1 if wrong or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
