"""Fill a database for development."""

from shop.models import Order, db


def main() -> None:
    for number in range(3):
        db.session.add(Order(mail=f"customer{number}@example.com", total=1190))
    db.session.commit()
    print("3 orders")


if __name__ == "__main__":
    main()
