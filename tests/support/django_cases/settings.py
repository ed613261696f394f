"""Two databases on the server that ``PGHOST`` and the like name; jobs are in the first one."""

from __future__ import annotations

import os

import django

SECRET_KEY = "of-tests-only"
USE_TZ = True
ROOT_URLCONF = "tests.support.django_cases.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "pooljobs.contrib.django",
    "tests.support.django_cases",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
_SERVER = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None}
DATABASES = {
    "default": {**_SERVER, "NAME": os.environ["PGDATABASE"]},
    "other": {**_SERVER, "NAME": f"{os.environ['PGDATABASE']}_other"},
}
if django.VERSION >= (6,):
    TASKS = {"default": {"BACKEND": "pooljobs.contrib.django.PoolJobsBackend", "QUEUES": ["default", "mails"]}}
POOLJOBS = {"database": "default", "schema": "background"}
