import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Room",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=100, unique=True)),
                ("seats", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("mail", models.EmailField(max_length=254)),
                ("begins", models.DateTimeField()),
                ("ends", models.DateTimeField()),
                ("room", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="bookings.room")),
            ],
        ),
    ]
