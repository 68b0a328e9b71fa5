from django.contrib import admin

from bookings.models import Booking, Room

admin.site.register([Booking, Room])
