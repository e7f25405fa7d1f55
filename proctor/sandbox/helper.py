"""The program between `launch` and the student's: enters the jail, then becomes the program."""

import json
import os
import socket

from proctor.errors import NoIsolation
from proctor.sandbox import cgroups, entering, linux
from proctor.sandbox.policy import Policy


def main(descriptor):
    """Receive a request on a socket, enter, and run the program that it names."""
    control = socket.socket(fileno=descriptor)
    request = json.loads(control.recv(1 << 20))
    if "namespaces" in request["known"]:
        entering.namespaces_refused = lambda: request["known"]["namespaces"]
    cgroups.know(*request["nest"])
    try:
        entering.enter(Policy(**request["policy"]), control, request["keep_fds"])
    except (NoIsolation, OSError, ValueError):
        os._exit(70)  # the caller has been told
    linux.fresh_signals()
    argv = request["argv"]
    try:
        os.execve(argv[0], argv, dict(os.environ))
    except OSError as error:
        os.write(2, f"{argv[0]} cannot be run in the jail: {error.strerror}\n".encode())
        os._exit(127)
