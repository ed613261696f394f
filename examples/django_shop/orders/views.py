from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.jobs import confirm, write_to_customer
from orders.models import Order


@csrf_exempt
@require_POST
@transaction.atomic
def place(request: HttpRequest) -> HttpResponse:
    """An order and its job: both are there, or neither."""
    order = Order.objects.create(article=request.POST["article"])
    job = confirm.enqueue(order_id=order.pk)
    if not order.article:
        transaction.set_rollback(True)
        return HttpResponse(status=422)
    return JsonResponse({"order": order.pk, "job": str(job.id)}, status=201)


@csrf_exempt
@require_POST
async def place_async(request: HttpRequest) -> HttpResponse:
    order = await Order.objects.acreate(article=request.POST["article"])
    job = await write_to_customer.enqueue_async(order_id=order.pk)
    return JsonResponse({"order": order.pk, "job": str(job.id)}, status=201)
