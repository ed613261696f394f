"""Of Django 6; nobody imports it with an older one."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.tasks import task
from django.tasks.signals import task_finished

RAN: list[object] = []


@task(priority=60)
def add(one: int, other: int = 1) -> int:
    RAN.append(one + other)
    return one + other


@task(queue_name="mails")
async def add_later(one: int) -> object:
    RAN.append(one)
    return object()


@task(takes_context=True)
def look(context: Any, label: str) -> None:
    RAN.append((label, context.attempt, context.task_result.task.name))


@task
def fail() -> None:
    raise ValueError("no")


@receiver(task_finished)
def note(task_result: object, **_given: object) -> None:
    RAN.append(str(getattr(task_result, "status", None)))
