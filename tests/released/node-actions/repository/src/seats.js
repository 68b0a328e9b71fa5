export class SoldOut extends Error {}

/**
 * Hold seats of a concert for some minutes.
 *
 * @param {import('./store.js').Store} store
 * @param {string} concert
 * @param {number} seats
 * @param {number} minutes
 */
export async function hold(store, concert, seats, minutes) {
  const free = await store.freeSeats(concert);
  if (free < seats) throw new SoldOut(concert);
  return store.hold(concert, seats, new Date(Date.now() + minutes * 60_000));
}

/**
 * The price of some seats in cents; from five on there is a discount.
 *
 * @param {number} seats
 * @param {number} each
 */
export function price(seats, each) {
  const whole = seats * each;
  return seats < 5 ? whole : Math.round(whole * 0.9);
}
