"""A Django project whose tests are run by Django, as its users run theirs: see ``tests/process/test_django.py``."""
