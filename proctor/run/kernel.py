"""The student's side of a Jupyter kernel: in a process that is locked in, and serves any client."""

from ipykernel.kernelapp import IPKernelApp

from proctor.run.shell import Shell


def main(connection):
    """Be a kernel.

    connection  path of its connection file
    """
    Shell.clear_instance()
    app = IPKernelApp.instance(parent_handle=0, capture_fd_output=True)
    app.initialize(["-f", connection, "--HistoryManager.enabled=False"])
    app.start()
