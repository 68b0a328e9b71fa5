"""Orders."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from shop.models import Order, db
from shop.payments import Declined, charge

blueprint = Blueprint("orders", __name__)
VAT = 19


def gross(net: int) -> int:
    """A price with VAT, in cents."""
    return net + round(net * VAT / 100)


@blueprint.post("/")
def create() -> ResponseReturnValue:
    """Take an order and charge it."""
    told = request.get_json()
    order = Order(mail=told["mail"], total=gross(sum(told["prices"])))
    db.session.add(order)
    db.session.commit()
    try:
        payment = charge(current_app.config["STRIPE_SECRET_KEY"], order.total, order.id)
    except Declined:
        return jsonify(error="declined"), 402
    order.paid = True
    db.session.commit()
    return jsonify(id=order.id, payment=payment), 201


@blueprint.get("/<int:number>")
def show(number: int) -> ResponseReturnValue:
    """One order."""
    order = db.get_or_404(Order, number)
    return jsonify(id=order.id, total=order.total, paid=order.paid)
