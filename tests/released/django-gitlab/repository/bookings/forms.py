from django import forms

from bookings.models import Booking


class BookingForm(forms.ModelForm):
    class Meta:
        model = Booking
        fields = ["mail", "begins", "ends"]

    def __init__(self, *arguments, room, **options):
        super().__init__(*arguments, **options)
        self.instance.room = room
