"""What a process writes is one JSON object a line, with the ids of the request, and without secrets of a traceback."""

import json
import subprocess
import sys

PROGRAM = """
import logging
from runtime.logs import logger, request_context, start_logging
start_logging("info")
with request_context("request-1", "trace-1"):
    logger("ours").info("said", order="order_1")
    logging.getLogger("a.library").warning("heard %s", "it")
try:
    password = "hunter2"
    raise ValueError("broken")
except ValueError:
    logger("ours").exception("failed")
logger("ours").debug("too quiet")
logging.getLogger("httpx").info("too quiet")
"""


def test_records_are_json_with_the_ids_of_their_request() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=30)
    said, heard, failed = [json.loads(line) for line in done.stdout.splitlines()]
    assert (said["event"], said["order"], said["request_id"], said["trace_id"]) == (
        "said",
        "order_1",
        "request-1",
        "trace-1",
    )
    assert (heard["event"], heard["level"], heard["request_id"]) == ("heard it", "warning", "request-1")
    assert failed["exception"][0]["exc_type"] == "ValueError"
    assert "request_id" not in failed
    assert "hunter2" not in done.stdout.replace('password = "hunter2"', "")
