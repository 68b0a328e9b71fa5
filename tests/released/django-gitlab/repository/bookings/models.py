from django.core.exceptions import ValidationError
from django.db import models


class Room(models.Model):
    name = models.CharField(max_length=100, unique=True)
    seats = models.PositiveIntegerField()

    def __str__(self):
        return self.name


class Booking(models.Model):
    room = models.ForeignKey(Room, on_delete=models.PROTECT)
    mail = models.EmailField()
    begins = models.DateTimeField()
    ends = models.DateTimeField()

    def __str__(self):
        return f"{self.room} from {self.begins}"

    def clean(self):
        if self.begins >= self.ends:
            raise ValidationError("A booking ends after it begins.")
        others = Booking.objects.filter(room=self.room, begins__lt=self.ends, ends__gt=self.begins)
        if others.exclude(pk=self.pk).exists():
            raise ValidationError("The room is taken.")
