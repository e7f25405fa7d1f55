"""Throw-away hub: the hub of docs/jupyterhub.md on loopback, in a machine that ends with it.

``make hub``, as root. Namespaces of its own have a copy of ``/etc``, and empty ``/home``, ``/srv``
and ``/tmp``: accounts exist in there only, and nothing of them is left however it ends, kill -9
included. What was installed is kept in ``build/hub``, so the second start takes seconds.
"""

import argparse
import http.client
import io
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "hub"
HUB = Path("/srv/hub")
OWNER = "instructor"


def main():
    options = parser().parse_args()
    if os.geteuid() != 0:
        sys.exit("make hub: root is needed, for the hub starts servers under accounts of their own")
    if options.inside is None:
        sys.exit(outside(options))
    inside(options)


def parser():
    made = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    made.add_argument("--port", type=int, default=8000, help="on 127.0.0.1; 0: any that is free")
    made.add_argument("--students", type=int, default=3, help="how many accounts")
    made.add_argument("--state", type=Path, help="write address, accounts, process here, as JSON")
    made.add_argument(
        "--shell",
        action="store_true",
        help="no hub: a shell, to follow docs/jupyterhub.md in (ADDRESS is /tmp/course.bundle)",
    )
    made.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    return made


def outside(options):
    """Begin anew in namespaces of mounts and processes; return how it ended."""
    for program in ("unshare", "setpriv", "useradd", "npm", "git"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
            sys.exit(f"make hub: {program} is not installed")
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    words.append("--propagation=private")
    tried = subprocess.run([*words, "true"], capture_output=True, text=True)
    if tried.returncode:
        sys.exit(f"make hub: this root may not make namespaces: {tried.stderr.strip()}")
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", 0 if options.shell else options.port))
        except OSError as error:
            sys.exit(f"make hub: port {options.port}: {error.strerror}; take another: PORT=8001")
    kept = []
    if options.state:
        kept.append(os.open(options.state, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    words = ["setpriv", "--pdeathsig=KILL", *words]  # even if this process is killed
    again = [sys.executable, __file__, *sys.argv[1:], "--inside", *map(str, kept or [-1])]
    process = subprocess.Popen([*words, *again], pass_fds=kept)
    # Ctrl-C reaches both, and the one in there knows how to end
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: child(process.pid, signal.SIGTERM))
    return process.wait()


def child(parent, number):
    """Send a signal to the first process in there: that of ``unshare`` would only end itself."""
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        os.kill(int(pid), number)


def inside(options):
    """The first process of the new machine: set it up, start the hub, tell, wait for its end."""
    python = usable_python()
    course = working_copy()
    furnish()
    if options.shell:
        bundle(course)
        os.environ |= {"PYTHON": python, "HOME": "/root", "PS1": "fresh# "}
        sys.exit(subprocess.run(["bash", "--norc"], cwd="/root").returncode)
    own(course)
    accounts = people(options.students)
    say("Installing the hub in there (minutes the first time, then seconds) …")
    clone = Path(pwd.getpwnam(OWNER).pw_dir) / "course"
    run("bash", clone / "deploy" / "install.sh", env={**os.environ, "PYTHON": python})
    hide_clone()
    port, hub_port, proxy_port = options.port or free(), free(), free()
    with open(HUB / "state" / "log", "w") as log:
        hub = subprocess.Popen(
            [
                *(HUB / "venv" / "bin" / "jupyterhub", f"--config={HUB}/jupyterhub_config.py"),
                f"--JupyterHub.bind_url=http://127.0.0.1:{port}",
                *(f"--JupyterHub.hub_port={hub_port}", "--JupyterHub.cleanup_servers=True"),
                f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{proxy_port}",
            ],
            cwd=HUB / "state",
            env={"PATH": f"{HUB}/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
            stdout=log,
            stderr=log,
        )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: hub.terminate())
    if not answers(port, hub):
        sys.exit("make hub: it did not start\n" + (HUB / "state" / "log").read_text()[-3000:])
    tell(options.inside, f"http://127.0.0.1:{port}", accounts)
    while os.wait()[0] != hub.pid:  # the first process of a machine is everybody's last parent
        pass
    say("The hub and its accounts are gone.")


def usable_python():
    """A Python that every account can run: none in somebody's home."""
    for name in (f"{sys.base_prefix}/bin/python3", "/usr/bin/python3"):
        path = Path(name).resolve()
        covered = path.parts[1] in ("home", "srv", "tmp")
        if path.exists() and not covered and all(open_to_all(one) for one in path.parents):
            return str(path)
    sys.exit(
        "make hub: no Python that other accounts may run; on Debian: apt-get install python3-venv"
    )


def open_to_all(folder):
    return folder.stat().st_mode & stat.S_IXOTH


def working_copy():
    """The clone's files as they are, ignored ones left out: a tar."""
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    course = io.BytesIO()
    with tarfile.open(fileobj=course, mode="w") as tar:
        for name in filter(None, names.split("\0")):
            if (ROOT / name).exists():
                tar.add(ROOT / name, name)
    return course


def unpack(course, folder):
    course.seek(0)
    with tarfile.open(fileobj=course) as tar:
        tar.extractall(folder, filter="fully_trusted")


def furnish():
    """Mount what makes it another machine."""
    run("mount", "-t", "tmpfs", "-o", "mode=755", "none", "/srv")
    for name in ("venv", "proxy"):
        (KEPT / name).mkdir(parents=True, exist_ok=True)
        (HUB / name).mkdir(parents=True)
        run("mount", "--bind", KEPT / name, HUB / name)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "none", "/mnt")
    run("cp", "-a", "/etc/.", "/mnt")
    run("mount", "--move", "/mnt", "/etc")
    os.chdir("/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "none", "/home")
    run("mount", "-t", "tmpfs", "-o", "mode=1777", "none", "/tmp")


def hide_clone():
    """Let nobody in there see the clone from which this runs; below /tmp or /home it is gone."""
    if Path(ROOT).is_dir():
        run("mount", "-t", "tmpfs", "-o", "mode=700", "none", ROOT)


def own(course):
    """Make the owner's account, and put the course into its home."""
    run("useradd", *ACCOUNT, OWNER)
    home = pwd.getpwnam(OWNER).pw_dir
    unpack(course, Path(home) / "course")
    run("chown", "-R", f"{OWNER}:", home)


def bundle(course):
    """Put the course where it can be cloned from."""
    folder = Path("/tmp/copy")
    folder.mkdir(mode=0o700)
    unpack(course, folder)
    who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    run("git", "init", "--quiet", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run("git", *who, "commit", "--quiet", "--message=The course", cwd=folder)
    run("git", "bundle", "create", "/tmp/course.bundle", "--all", "HEAD", cwd=folder)
    shutil.rmtree(folder)
    hide_clone()


ACCOUNT = ("--create-home", "--shell", "/bin/bash", "-K", "HOME_MODE=0700")


def people(students):
    """Make accounts with passwords of this hub alone; return {name: password}."""
    run("groupadd", "--force", "students")
    names = [f"student-{number}" for number in range(1, students + 1)]
    for name in names:
        run("useradd", *ACCOUNT, "--groups", "students", name)
    accounts = {name: secrets.token_urlsafe(6) for name in (OWNER, *names)}
    lines = "".join(f"{name}:{password}\n" for name, password in accounts.items())
    run("chpasswd", input=lines)
    return accounts


def tell(descriptor, url, accounts):
    """Say where the hub is; write it where the caller asked for it, too."""
    if descriptor >= 0:
        with os.fdopen(descriptor, "w") as file:
            json.dump({"url": url, "accounts": accounts}, file)
    say(f"\nThe hub: {url}     (Ctrl-C ends it)\n")
    for name, password in accounts.items():
        say(f"    {name:12} {password}")
    say(f"\nFormgrader, as {OWNER}: {url}/hub/user-redirect/formgrader")


def run(*words, **how):
    """Run a command of the set-up; what it prints, or an end that shows it."""
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    done = subprocess.run(
        words,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **{"env": environment, **how},
    )
    if done.returncode:
        sys.exit(f"make hub: {' '.join(map(str, words))} failed:\n{done.stdout}")
    return done.stdout


def answers(port, hub, seconds=120):
    """Wait until the hub shows its page to log in; say whether it does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and hub.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/hub/login")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def free():
    """A port of loopback that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def say(line):
    print(line, flush=True)


if __name__ == "__main__":
    main()
