"""The network: every family of sockets, as a client and as a server."""

from ..attack import ALL, family, right

add = family("The network")


def _middle(name, why, source):
    """An attack while ``middle`` runs; it is right all the same, so it deserves everything."""
    body = f"""
    import socket
    def middle(values):
        try:
            attempt()
        except OSError as error:
            print("refused:", error)
        return sorted(values)[len(values) // 2]

    def attempt():
{source}
"""
    add(name, why, right(middle=body), ALL)


_middle(
    "connects-over-tcp",
    "A server on the machine itself.",
    """
        with socket.create_connection(("127.0.0.1", @TCP@), 1) as sock:
            sock.sendall(b"@NAME@")
""",
)
_middle(
    "connects-over-tcp-6",
    "The same over IPv6.",
    """
        with socket.create_connection(("::1", @TCP6@), 1) as sock:
            sock.sendall(b"@NAME@")
""",
)
_middle(
    "sends-datagrams",
    "UDP, as a question to a name server would be.",
    """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"@NAME@", ("127.0.0.1", @UDP@))
""",
)
_middle(
    "asks-a-web-server",
    "A request by `urllib`, with what was found in its address.",
    """
        import urllib.request
        urllib.request.urlopen("http://127.0.0.1:@TCP@/@NAME@", timeout=1).read()
""",
)
_middle(
    "connects-to-an-abstract-socket",
    "A Unix socket that has no place in the file system.",
    """
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect("\\0@ABSTRACT@")
            sock.sendall(b"@NAME@")
""",
)
_middle(
    "connects-to-a-socket-file",
    "A Unix socket by its path, as a database or Docker has one.",
    """
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect("@SOCKET@")
            sock.sendall(b"@NAME@")
""",
)
_middle(
    "looks-a-name-up",
    "The name service: a canary could be part of the name.",
    """
        socket.setdefaulttimeout(1)
        socket.getaddrinfo("@NAME@.invalid", 80)
""",
)
_middle(
    "raw-and-packet-sockets",
    "Sockets that see or forge what others send.",
    """
        for kind, number in ((socket.AF_INET, socket.SOCK_RAW), (17, socket.SOCK_RAW),
                             (16, socket.SOCK_RAW)):
            try:
                socket.socket(kind, number, 255 if kind == 2 else 0).close()
                reached(f"a socket of family {kind}")
            except OSError:
                pass
""",
)
_middle(
    "leaves-a-server-behind",
    "A server in a process of its own, for whoever comes later.",
    """
        import subprocess, sys
        serve = "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); "
        serve += "print(s.getsockname()[1], flush=True); time.sleep(60)"
        server = subprocess.Popen([sys.executable, "-c", serve, "survivor-@NAME@"],
                                  start_new_session=True, stdout=subprocess.PIPE)
        port = server.stdout.readline().strip()
        if port:
            reached(f"port {int(port)}")
""",
)
