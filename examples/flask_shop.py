"""A shop on Flask and SQLAlchemy: jobs run in the application's context, and commit with the order that they are for.

Serve it:      flask --app examples.flask_shop:web run
Run a worker:  pooljobs serve --app examples.flask_shop:jobs
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, abort, current_app, g, request
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from pooljobs import PoolJobs
from pooljobs.contrib.flask import run_in_context

web = Flask(__name__)
web.config["CLERK"] = "Ada"
jobs = PoolJobs()  # on DATABASE_URL, as the engine
run_in_context(jobs, web)

engine = create_engine(make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg"))


def session() -> Session:
    """One for each request, and for each run of a job."""
    if "session" not in g:
        g.session = Session(engine)
    opened: Session = g.session
    return opened


@web.teardown_appcontext
def close_session(_error: BaseException | None) -> None:
    if "session" in g:
        g.session.close()  # rolls back what was not committed


@jobs.job
def confirm(order_id: int) -> None:
    sql = text("UPDATE orders SET confirmed_by = :clerk WHERE id = :id")
    session().execute(sql, {"clerk": current_app.config["CLERK"], "id": order_id})
    session().commit()


@web.post("/orders")
def place() -> Any:
    sql = text("INSERT INTO orders (article) VALUES (:article) RETURNING id")
    order = session().execute(sql, {"article": request.args["article"]}).scalar_one()
    job = confirm.enqueue_with(session(), order_id=order)
    if not request.args["article"]:
        abort(422)
    session().commit()
    return {"order": order, "job": str(job.id)}, 201
