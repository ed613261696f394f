from django.test import TestCase, TransactionTestCase

from orders.models import Order
from pooljobs.contrib.django.models import Job


class PlacingOrders(TestCase):
    def test_an_order_has_its_job(self):
        placed = self.client.post("/orders", {"article": "tea"})
        self.assertEqual(placed.status_code, 201)
        job = Job.objects.get(pk=placed.json()["job"])
        self.assertEqual(job.payload, {"order_id": placed.json()["order"]})
        self.assertEqual(job.status, "pending")

    def test_a_refused_order_has_none(self):
        self.assertEqual(self.client.post("/orders", {"article": ""}).status_code, 422)
        self.assertFalse(Order.objects.exists())
        self.assertFalse(Job.objects.exists())

    async def test_from_an_async_view(self):
        placed = await self.async_client.post("/orders/async", {"article": "milk"})
        job = await Job.objects.aget(pk=placed.json()["job"])
        self.assertEqual((job.job_type, job.queue), ("write_to_customer", "mails"))


class Committed(TransactionTestCase):
    def test_committed_jobs(self):
        for _ in range(2):
            self.client.post("/orders", {"article": "tea"})
        self.assertEqual(Job.objects.count(), 2)

    def test_are_gone_in_the_next_test(self):
        self.assertEqual(Job.objects.count(), 0)
