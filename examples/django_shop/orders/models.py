from django.db import models


class Order(models.Model):
    article = models.TextField()
    confirmed = models.BooleanField(default=False)
