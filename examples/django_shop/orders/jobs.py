"""Found by itself, as in every installed app."""

from orders.models import Order
from pooljobs.contrib.django import app


@app.job
def confirm(order_id: int) -> None:
    order = Order.objects.get(pk=order_id)
    order.confirmed = True
    order.save()
    print("confirmed", order.article)


@app.job(queue="mails")
async def write_to_customer(order_id: int) -> None:
    order = await Order.objects.aget(pk=order_id)
    print("wrote about", order.article)
