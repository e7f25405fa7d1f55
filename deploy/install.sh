#!/usr/bin/env bash
# Install, or upgrade, the hub of this clone in /srv/hub. As root; may be repeated. docs/jupyterhub.md
set -euo pipefail

hub=/srv/hub
owner=${INSTRUCTOR:-instructor}   # the account that owns the course
python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")" && pwd)
clone=$(dirname "$here")

stop() { echo "install.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || stop "root is needed, for the hub starts servers under its users' accounts: sudo $0"
id "$owner" >/dev/null 2>&1 || stop "there is no account '$owner': useradd --create-home $owner, or INSTRUCTOR=NAME $0"
command -v npm >/dev/null || stop "npm is not installed, for the proxy: apt-get install nodejs npm"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "Python 3.11 or newer is needed: PYTHON=python3.12 $0"
umask 022

# 1. Programs: JupyterHub, JupyterLab, nbgrader, the grader, what notebooks import; pinned, hashed.
#    Not oracle/, and nothing that links to the clone: every student runs these.
mkdir -p "$hub"
[ -x "$hub/venv/bin/python" ] || "$python" -m venv "$hub/venv"
"$hub/venv/bin/pip" install --quiet --require-hashes -r "$clone/requirements-hub.txt"
"$hub/venv/bin/pip" install --quiet --no-deps --no-build-isolation --force-reinstall "$clone"
mkdir -p "$hub/proxy"
if ! cmp -s "$here/package-lock.json" "$hub/proxy/node_modules/installed"; then
    cp "$here/package.json" "$here/package-lock.json" "$hub/proxy/"
    npm ci --silent --prefix "$hub/proxy"
    cp "$here/package-lock.json" "$hub/proxy/node_modules/installed"
fi

# 2. Settings: all users' in the environment's own folder; the course's owner has more besides.
cp -r "$here/everybody/." "$hub/venv/etc/jupyter/"
install -D -m 644 "$here/overrides.json" "$hub/venv/share/jupyter/lab/settings/overrides.json"
mkdir -p "$hub/owner"
cp -r "$here/owner/." "$hub/owner/"
[ -e "$hub/jupyterhub_config.py" ] || cp "$here/jupyterhub_config.py" "$hub/"
mkdir -p -m 700 "$hub/state"

# 3. The exchange: everybody may bring something, nobody may move or remove what is another's
#    (the sticky bit), nobody but the owner may see what was handed in.
course=$hub/exchange/$(sed -n 's/^c.CourseDirectory.course_id = "\(.*\)"/\1/p' "$here/everybody/nbgrader_config.py")
install -d -m 1777 "$hub/exchange"
install -d -m 0755 -o "$owner" "$course" "$course/outbound"
install -d -m 1733 -o "$owner" "$course/inbound"
install -d -m 0711 -o "$owner" "$course/feedback"

# 4. Who may log in: the owner, and members of this group.
getent group students >/dev/null || groupadd students
echo "The hub is in $hub. Its settings: $hub/jupyterhub_config.py"
