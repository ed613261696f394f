"""Jobs of a small web application: welcome mails and thumbnails.

Run a worker:    pooljobs serve --app examples.emails:app --queues default,emails,slow
Enqueue a few:   python -m examples.emails
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pooljobs import JobContext, PoolJobs, State, injected

log = logging.getLogger("examples.emails")

app = PoolJobs()  # DSN from POOLJOBS_DSN or DATABASE_URL, or PoolJobs(dsn=...)


class Mailer:
    """Stands in for a mail server: keeps what it was asked to send, and logs it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.is_open = True

    def send(self, to: str, subject: str) -> None:
        if "@" not in to:
            raise ValueError(f"{to!r} is not an address")
        self.sent.append((to, subject))
        log.info("sent %r to %s", subject, to)

    def close(self) -> None:
        self.is_open = False


def make_mailer() -> Iterator[Mailer]:
    mailer = Mailer()
    yield mailer
    mailer.close()


app.provide(Mailer, make_mailer)  # called in each worker, after the fork


@dataclass
class WelcomeEmail:
    to: str
    subject: str = "Welcome"


@app.job(queue="emails", max_retries=5, retry_policy="exponential", retry_delay_secs=1.0)
def send_welcome_email(payload: WelcomeEmail, mailer: State[Mailer] = injected(), ctx: JobContext = injected()) -> None:
    ctx.logger.info("run %d of %d", ctx.attempt, ctx.max_retries)
    mailer.send(payload.to, payload.subject)


@app.job
async def thumbnail(path: str, width: int = 200) -> None:
    await asyncio.sleep(0.001)  # stands in for the picture being read
    log.info("thumbnail of %s, %d pixels wide", Path(path).name, width)


async def main() -> None:
    welcome = send_welcome_email.enqueue(WelcomeEmail("a@example.com"))
    picture = await thumbnail.enqueue_async(path="x.png")
    many = thumbnail.enqueue_many([{"path": "1.png"}, {"path": "2.png"}])
    later = thumbnail.options(delay=60, priority=-1, queue="slow").enqueue(path="y.png")
    for job in (welcome, picture, *many, later):
        print(f"{job.id}  {job.job_type} in queue {job.queue}")


if __name__ == "__main__":
    with app:
        asyncio.run(main())
