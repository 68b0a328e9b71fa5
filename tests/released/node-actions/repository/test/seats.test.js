import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { hold, price, SoldOut } from '../src/seats.js';

const store = {
  freeSeats: async () => 3,
  hold: async (concert, seats) => ({ concert, seats }),
};

describe('hold', () => {
  it('holds seats that are free', async () => {
    assert.deepEqual(await hold(store, 'a', 2, 10), { concert: 'a', seats: 2 });
  });

  it('refuses more than there are', async () => {
    await assert.rejects(hold(store, 'a', 4, 10), SoldOut);
  });
});

describe('price', () => {
  it('is that of each seat', () => assert.equal(price(2, 2500), 5000));
  it('is less from five on', () => assert.equal(price(5, 2000), 9000));
});
