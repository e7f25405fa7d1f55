"""Formgrader, in which nothing runs that a student controls.

nbgrader's pages are made without escaping, its answers in JSON are sent as HTML, and it hands out
the files of a submission as they are: each on the origin from which Jupyter opens terminals. There
is no setting for that, so `protect` puts itself before its handlers, in three layers:

- what is put into a page is escaped;
- the page tells the browser which scripts are its own (a Content-Security-Policy with a nonce that
  is new for each page), so that no other one runs, wherever it came from;
- what is no page is shown in a sandbox: it runs nothing and loads nothing.

JupyterLab shows Formgrader in a frame. A JupyterHub (4.1 and newer) forbids that, for users'
servers share its origin and could put each other's pages into frames of theirs; there the frame
holds a button that opens Formgrader in a tab of its own.
"""

import base64
import contextvars
import copy
import functools
import hashlib
import re
import secrets
from pathlib import Path

from jinja2.ext import Extension

from proctor.plugins.collect.names import refusal
from proctor.plugins.marking import Marking, exporter

_PAGE = (
    "default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; frame-src 'none'; "
    "base-uri 'none'; form-action 'self'"
)
_DATA = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; sandbox"
_FRAME = (
    "frame-ancestors 'self'; default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'nonce-{nonce}'"
)
# JupyterLab executes what a page in Formgrader's frame asks for: here, to open an address
_BUTTON = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Formgrader</title>
<style>body {{ font: 16px/1.5 sans-serif; margin: 4em auto; max-width: 34em; padding: 0 1em }}
button {{ font: inherit; padding: .4em 1em }}</style>
<p>On a JupyterHub, Formgrader has a tab of its own.</p>
<p><button id="open" autofocus>Open Formgrader in a new tab</button></p>
<p>Its address, for a bookmark: <code id="address"></code></p>
<script nonce="{nonce}">
document.getElementById("address").textContent = location.href;
document.getElementById("open").onclick = () => parent.postMessage(JSON.stringify({{
    command: "help:open",
    arguments: {{ url: location.href, text: "Formgrader", newBrowserTab: true }},
}}), location.origin);
</script>
"""
_nonce = contextvars.ContextVar("nonce")  # of the page that is being made


class Guarded(Extension):
    """Jinja: the scripts that a template's author wrote carry the page's nonce.

    Done to the template's text, before anything of a student's comes into it. A text that becomes
    a string of JavaScript is written as one: escaped as HTML it would be another text there.
    """

    def __init__(self, environment):
        super().__init__(environment)
        environment.globals["csp_nonce"] = _nonce.get

    def preprocess(self, source, name, filename=None):
        """Return the template's text with its scripts marked."""
        source = re.sub(r"<script\b", '<script nonce="{{ csp_nonce() }}"', source)
        return re.sub(r'(var \w+ = )"\{\{ ([\w.]+) \}\}";', r"\1{{ \2 | tojson }};", source)


@functools.cache
def protect():
    """Protect the Formgrader of this process, if it ever has one."""
    from nbgrader.server_extensions.formgrader import apihandlers, base, handlers
    from tornado.web import HTTPError

    page = base.BaseHandler
    headers, add = page.set_default_headers, apihandlers.StudentHandler.put
    ready = page.prepare
    hashes = tuple(_hashes(Path(handlers.template_path)))
    data = base.BaseApiHandler, handlers.SubmissionFilesHandler

    def set_default_headers(self):
        headers(self)
        # beside the server's own: a browser keeps to all of them
        self.add_header(
            "Content-Security-Policy", _DATA if isinstance(self, data) else policy(self)
        )

    async def prepare(self, **how):
        await ready(self, **how)
        if not self._finished and in_forbidden_frame(self):
            nonce = nonce_of(self)
            self.set_header("Content-Security-Policy", _FRAME.format(nonce=nonce))
            await self.finish(_BUTTON.format(nonce=nonce))

    def policy(self):
        scripts = [f"'nonce-{nonce_of(self)}'", "'unsafe-hashes'", *hashes]
        return _PAGE.format(scripts=" ".join(scripts))

    def render(self, name, **values):
        _nonce.set(nonce_of(self))
        return escaping(self.settings["nbgrader_jinja2_env"]).get_template(name).render(**values)

    def marking(self):
        _nonce.set(nonce_of(self))
        # Formgrader can change to another course, whose settings count from then on
        config = self.settings["nbgrader_formgrader"].config
        if self.settings.get("proctor_exporter", (None,))[0] != config:
            self.settings["proctor_exporter"] = copy.deepcopy(config), _exporter(config)
        find = self.gradebook.find_submission_notebook_by_id
        return Marking(self.settings["proctor_exporter"][1], self.coursedir, find)

    def put(self, student_id):
        if line := refusal(student_id.strip()):
            raise HTTPError(400, line, reason="no id of a student")
        return add(self, student_id)

    page.set_default_headers, page.render = set_default_headers, render
    page.prepare, page.exporter = prepare, property(marking)
    apihandlers.StudentHandler.put = put


def in_forbidden_frame(handler):
    """Whether a browser is about to show a page in a frame, which this server's own policy forbids.

    A browser that does not say where it shows what it asks for gets the page, and obeys the policy.
    """
    own = handler.settings.get("headers", {}).get("Content-Security-Policy", "")
    framed = handler.request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")
    return framed and "frame-ancestors 'none'" in own


def nonce_of(handler):
    """A number that nobody can guess, the same for all of a request."""
    if not hasattr(handler, "_csp_nonce"):
        handler._csp_nonce = secrets.token_urlsafe()
    return handler._csp_nonce


@functools.cache
def escaping(environment):
    """A Jinja environment for the same templates, which escapes what is put into them."""
    return environment.overlay(autoescape=True, extensions=[Guarded])


def _exporter(config):
    from nbgrader.server_extensions.formgrader.handlers import template_path

    made = exporter(config, template_path)
    made.environment.add_extension(Guarded)
    return made


def _hashes(folder):
    """The handlers that stand in the templates' tags (onclick): these few, letter by letter."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.*")))
    found = {code for text in texts for code in re.findall(r'\son[a-zA-Z]+="([^"]*)"', text)}
    for code in sorted(found):
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        yield f"'sha256-{digest}'"
