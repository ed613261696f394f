"""Whether this process was started by what starts production: then no private server is started by itself.

Nobody reads the warning of a service, and its jobs would lie in a database that nobody knows of.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SYSTEMD: Final = ("INVOCATION_ID", "NOTIFY_SOCKET", "JOURNAL_STREAM")
"""A desktop's terminals may have these too, since systemd starts it: there they mean nothing."""

PLATFORMS: Final[Mapping[str, str]] = {
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
    "NOMAD_ALLOC_ID": "Nomad",
    "ECS_CONTAINER_METADATA_URI_V4": "Amazon ECS",
    "ECS_CONTAINER_METADATA_URI": "Amazon ECS",
    "AWS_LAMBDA_FUNCTION_NAME": "AWS Lambda",
    "K_SERVICE": "Cloud Run",
    "CLOUD_RUN_JOB": "Cloud Run",
    "GAE_INSTANCE": "App Engine",
    "WEBSITE_INSTANCE_ID": "Azure App Service",
    "CONTAINER_APP_NAME": "Azure Container Apps",
    "DYNO": "Heroku",
    "FLY_APP_NAME": "Fly.io",
    "RENDER_SERVICE_ID": "Render",
    "RAILWAY_SERVICE_ID": "Railway",
    "SUPERVISOR_ENABLED": "supervisord",
    "RC_SVCNAME": "OpenRC",
}
"""Variables that these set in what they run, whoever looks on."""

INITS: Final = {"tini", "dumb-init", "docker-init", "catatonit", "s6-supervise", "runsv", "supervise"}
"""Programs that only start another one, and stand above it."""


def service_manager(environ: Mapping[str, str] = os.environ) -> str | None:
    """Under what this process runs as a service, in words, and how that is known; None where it is none."""
    for name, platform in PLATFORMS.items():
        if environ.get(name):
            return f"under {platform} ({name} is set)"
    for name in SYSTEMD:
        if environ.get(name) and (environ.get("SYSTEMD_EXEC_PID") == str(os.getpid()) or not _at_terminal()):
            return f"under systemd ({name} is set)"
    if os.getpid() == 1:
        return "in a container (this is its first process)"
    if os.getppid() == 1 and _words(1) == _words(os.getpid()):  # such as the workers of a web server
        return "in a container (its first process has forked this one)"
    above = _name(os.getppid())
    return f"under {above} (it started this process)" if above in INITS else None


def _at_terminal() -> bool:
    """Whether a person looks on. Descriptors, not streams: an application may have put others in their place."""
    return any(map(os.isatty, range(3)))


def _words(pid: int) -> bytes:
    """How a process was started; where that is not told, no two are alike."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() or str(pid).encode()
    except OSError:
        return str(pid).encode()


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
