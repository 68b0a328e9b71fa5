from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from bookings.models import Booking, Room

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def room(db):
    return Room.objects.create(name="Blue", seats=12)


def test_a_booking_ends_after_it_begins(room):
    with pytest.raises(ValidationError):
        Booking(room=room, mail="guest@example.com", begins=NOON, ends=NOON).clean()


def test_a_room_is_booked_once(room):
    Booking.objects.create(room=room, mail="guest@example.com", begins=NOON, ends=NOON + timedelta(hours=2))
    with pytest.raises(ValidationError):
        Booking(room=room, mail="other@example.com", begins=NOON, ends=NOON + timedelta(hours=1)).clean()


def test_health(client, db):
    assert client.get("/health/").json() == {"status": "ok"}
