"""JupyterHub for one course on one server; docs/jupyterhub.md says how to set it up.

Every user has an account of the system. One of them, the owner, has the course in ``~/course``;
what the others may read of it is what nbgrader's exchange gives out.
"""

import os
import pwd
from pathlib import Path

c = get_config()  # noqa: F821  JupyterHub gives it

HUB = Path("/srv/hub")
OWNER = "instructor"  # the account that has the course
GRADERS = set()  # accounts that may use the owner's server, and so Formgrader
ADMINS = {OWNER}  # may see who is there, and start and stop servers
AUTHENTICATOR = os.environ.get("HUB_AUTHENTICATOR", "pam")  # or "lti", "oauth"
MEMORY = 4 << 30  # bytes that a process may have for itself
PROCESSES = 512  # of one user, threads included
IDLE = 3600  # seconds until a server that nobody uses is ended

# Where it listens: on loopback, for a web server before it that has HTTPS, until there is a
# certificate; then on all addresses.
CERTIFICATE, KEY = HUB / "tls" / "certificate.pem", HUB / "tls" / "key.pem"
if CERTIFICATE.exists():
    c.JupyterHub.bind_url = "https://:443"
    c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = str(CERTIFICATE), str(KEY)
else:
    c.JupyterHub.bind_url = "http://127.0.0.1:8000"

# What it keeps: sessions end with the cookie's secret, so it stays over a restart.
state = HUB / "state"
c.JupyterHub.db_url = f"sqlite:///{state}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")
c.ConfigurableHTTPProxy.command = [
    str(HUB / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy")
]
# Servers go on while the hub is restarted.
c.JupyterHub.cleanup_servers = False

# Who may log in. An LMS or a provider of identities names a user; the account is made at once, in
# the group that a student of the first way is in.
if AUTHENTICATOR == "pam":
    c.JupyterHub.authenticator_class = "pam"
    c.PAMAuthenticator.allowed_groups = {"students"}
else:
    from jupyterhub.auth import LocalAuthenticator

    if AUTHENTICATOR == "lti":
        from ltiauthenticator.lti13.auth import LTI13Authenticator as Remote

        # what the LMS shows when the tool has been registered there
        c.LTI13Authenticator.issuer = "https://lms.example.org"
        c.LTI13Authenticator.client_id = {"the-id-that-the-lms-gave"}
        c.LTI13Authenticator.authorize_url = "https://lms.example.org/mod/lti/auth.php"
        c.LTI13Authenticator.jwks_endpoint = "https://lms.example.org/mod/lti/certs.php"
        c.LTI13Authenticator.username_key = "preferred_username"
        c.LTI13Authenticator.allow_all = True  # whom the LMS lets follow the link
    else:
        from oauthenticator.generic import GenericOAuthenticator as Remote

        c.GenericOAuthenticator.client_id = os.environ.get("OAUTH_CLIENT_ID", "")
        c.GenericOAuthenticator.client_secret = os.environ.get("OAUTH_CLIENT_SECRET", "")
        c.GenericOAuthenticator.oauth_callback_url = "https://hub.example.org/hub/oauth_callback"
        c.GenericOAuthenticator.authorize_url = "https://id.example.org/authorize"
        c.GenericOAuthenticator.token_url = "https://id.example.org/token"
        c.GenericOAuthenticator.userdata_url = "https://id.example.org/userinfo"
        c.GenericOAuthenticator.scope = ["openid", "profile"]
        c.GenericOAuthenticator.username_claim = "preferred_username"
        c.GenericOAuthenticator.allowed_groups = {"max-pooling"}  # as the provider names them
        c.GenericOAuthenticator.auth_state_groups_key = "oauth_user.groups"
        c.GenericOAuthenticator.manage_groups = True

    class Authenticator(LocalAuthenticator, Remote):
        """The same, and the system has an account for each who comes."""

    c.JupyterHub.authenticator_class = Authenticator
    c.LocalAuthenticator.create_system_users = True
    c.LocalAuthenticator.add_user_cmd = [
        *("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "students"),
        *("-K", "HOME_MODE=0700"),
    ]
    # an account of the system: no address, nothing that useradd takes for an option
    c.Authenticator.username_pattern = r"^[a-z_][a-z0-9_-]{0,30}$"
c.Authenticator.allowed_users = {OWNER, *GRADERS}
c.Authenticator.admin_users = ADMINS

# A server is a process of its user's, with limits. Formgrader, the list of courses and the editor
# of assignments are the owner's; a student who turned them on would find them empty.
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.cmd = [
    *("prlimit", f"--data={MEMORY}", f"--nproc={PROCESSES}", "--core=0", "--"),
    str(HUB / "venv" / "bin" / "jupyterhub-singleuser"),
]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {
    "PATH": f"{HUB}/venv/bin:/usr/local/bin:/usr/bin:/bin",
    "SHELL": "/bin/bash",
}
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 60


def before(spawner):
    """Settings of one user's server, as it is started; and a home that others cannot look into."""
    home = pwd.getpwnam(spawner.user.name).pw_dir
    os.chmod(home, 0o700, follow_symlinks=True)
    if spawner.user.name == OWNER:
        spawner.environment = {**spawner.environment, "JUPYTER_CONFIG_PATH": str(HUB / "owner")}


c.Spawner.pre_spawn_hook = before

# Roles: what ends idle servers; and graders, who work in the owner's server.
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [
            *(str(HUB / "venv" / "bin" / "python"), "-m", "jupyterhub_idle_culler"),
            f"--timeout={IDLE}",
        ],
    }
]
c.JupyterHub.load_groups = {"graders": {"users": sorted(GRADERS)}}
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
    {
        "name": "grader",
        "groups": ["graders"],
        "scopes": [f"{what}!user={OWNER}" for what in ("access:servers", "servers", "read:users")],
    },
]
