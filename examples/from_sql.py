"""Jobs from a trigger: whatever inserts an order, in whatever language, enqueues its confirmation.

Enqueue:  python -m examples.from_sql
Run:      pooljobs serve --app examples.from_sql --until-empty
"""

from __future__ import annotations

import logging
import os

import psycopg

from pooljobs import PoolJobs

app = PoolJobs()
log = logging.getLogger("from_sql")

TRIGGER = """
CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED ALWAYS AS IDENTITY, customer text);

CREATE OR REPLACE FUNCTION confirm_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pooljobs.enqueue('confirm', jsonb_build_object('order_id', NEW.id, 'customer', NEW.customer));
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER confirm_order AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION confirm_order();
"""


@app.job
def confirm(order_id: int, customer: str) -> None:
    log.info("order %d of %s is confirmed", order_id, customer)


def main() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as conn:
        conn.execute(TRIGGER)
        conn.execute("INSERT INTO orders (customer) VALUES ('Ada'), ('Grace')")


if __name__ == "__main__":
    main()
