"""Tests of the jobs of ``payments.py``, each on a database of its own.

Run:  python -m unittest examples.payments_test      (pytest takes it as well)
"""

from __future__ import annotations

from datetime import timedelta

from examples.payments import CardExpiredError, app, charge, main, reconcile, refund

from pooljobs.testing import JobTestCase, Verdict


class PaymentsTest(JobTestCase):
    app = app

    def test_all_of_them(self) -> None:
        main()
        self.jobs.assert_enqueued(charge, card="4711", max_retries=5)
        self.jobs.refute_enqueued(charge, card="4712")
        first = self.jobs.drain()  # what is due, and what comes of it: first retries are due at once
        self.jobs.travel(minutes=1)
        second = self.jobs.drain()
        self.jobs.travel(minutes=1)
        third = self.jobs.drain()
        assert (first.failed, first.cancelled, first.snoozed) == (2, 1, 1)
        assert first.completed + second.completed + third.completed == 2

    def test_the_third_run_of_a_charge_is_the_one_that_charges(self) -> None:
        assert self.jobs.run(charge, card="4711", attempt=2).verdict is Verdict.RETRY
        assert self.jobs.run(charge, card="4711", attempt=3).verdict is Verdict.COMPLETED

    def test_an_expired_card_has_failed_for_good(self) -> None:
        charge.enqueue(card="expired")
        with self.assertRaises(CardExpiredError):  # noqa: PT027  # not pytest's
            self.jobs.drain(raising=True)

    def test_the_books_are_looked_at_again_in_an_hour(self) -> None:
        reconcile.enqueue()
        self.jobs.drain()
        self.jobs.assert_enqueued(reconcile, delay=timedelta(hours=1))

    def test_a_refund_that_nobody_waits_for(self) -> None:
        assert self.jobs.run(refund, state="paid back already").verdict is Verdict.CANCELLED
