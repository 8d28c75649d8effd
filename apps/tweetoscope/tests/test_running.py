"""How a service is asked to end."""

import signal
import subprocess
import sys

from apps.tweetoscope.tests.conftest import REPOSITORY

STUCK = """
import ctypes
from apps.tweetoscope.tests.memory_broker import MemoryBroker
from tweetoscope import running
from tweetoscope.topics import all_topics

running.LONGEST_S = 0.2
broker = MemoryBroker()
broker.make(all_topics(1))
with running.service("collector", broker, port=None, host="127.0.0.1"):
    lock, take = ctypes.create_string_buffer(64), ctypes.CDLL(None).pthread_mutex_lock
    take(lock)
    print("stuck", flush=True)
    take(lock)
"""


def test_a_service_that_a_library_keeps_ends_all_the_same() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUCK],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as service:
        assert service.stdout is not None
        for line in service.stdout:
            if line == "stuck\n":
                break
        service.send_signal(signal.SIGTERM)
        told = service.stdout.read()
        assert "ended by force" in told
        assert 'File "<string>", line 14 in <module>' in told
        assert service.wait(60) == 1
