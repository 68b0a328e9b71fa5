from django.contrib import admin
from django.urls import path

from bookings import views

urlpatterns = [
    path("", views.calendar, name="calendar"),
    path("rooms/<int:number>/book", views.book, name="book"),
    path("health/", views.health),
    path("office/", admin.site.urls),
]
