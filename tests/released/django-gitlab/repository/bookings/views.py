import logging

from django.db import DatabaseError, connection
from django.http import HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render

from bookings.forms import BookingForm
from bookings.models import Room

log = logging.getLogger(__name__)


def calendar(request):
    return render(request, "bookings/calendar.html", {"rooms": Room.objects.order_by("name")})


def book(request, number):
    room = get_object_or_404(Room, pk=number)
    form = BookingForm(request.POST or None, room=room)
    if request.method == "POST" and not form.is_valid():
        return HttpResponseBadRequest(form.errors.as_json())
    if request.method == "POST":
        form.save()
        return redirect("calendar")
    return render(request, "bookings/book.html", {"room": room, "form": form})


def health(request):
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        log.exception("The database does not answer")
        return JsonResponse({"status": "down"}, status=503)
    return JsonResponse({"status": "ok"})
