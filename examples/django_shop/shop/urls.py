from django.contrib import admin
from django.urls import path
from orders import views

urlpatterns = [
    path("orders", views.place),
    path("orders/async", views.place_async),
    path("admin/", admin.site.urls),
]
