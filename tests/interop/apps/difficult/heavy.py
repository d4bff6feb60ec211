"""Many modules of the standard library, as a grown application has."""

import argparse  # noqa: F401
import asyncio  # noqa: F401
import csv  # noqa: F401
import email.mime.multipart  # noqa: F401
import http.client  # noqa: F401
import multiprocessing  # noqa: F401
import sqlite3
import ssl  # noqa: F401
import unittest  # noqa: F401
import urllib.request  # noqa: F401
import xml.etree.ElementTree as tree


def function():
    with sqlite3.connect(":memory:") as database:
        (value,) = database.execute("select 6 * 7").fetchone()
    return [value, tree.fromstring("<a b='c'/>").attrib]
