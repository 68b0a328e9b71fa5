import { Hono } from 'hono';
import { z } from 'zod';

import { log } from './log.js';
import { hold, SoldOut } from './seats.js';

const Order = z.object({ concert: z.string().uuid(), seats: z.number().int().min(1).max(8) });

/**
 * The application.
 *
 * @param {import('./store.js').Store} store
 * @param {import('./settings.js').Settings} settings
 */
export function createApp(store, settings) {
  const app = new Hono();

  app.get('/healthz', (c) => c.json({ status: 'ok' }));

  app.post('/orders', async (c) => {
    const told = Order.safeParse(await c.req.json());
    if (!told.success) return c.json({ error: 'invalid' }, 422);
    try {
      const order = await hold(store, told.data.concert, told.data.seats, settings.holdMinutes);
      return c.json(order, 201);
    } catch (error) {
      if (error instanceof SoldOut) return c.json({ error: 'sold out' }, 409);
      throw error;
    }
  });

  app.get('/orders/:id', async (c) => {
    const order = await store.order(c.req.param('id'));
    return order ? c.json(order) : c.json({ error: 'unknown' }, 404);
  });

  app.onError((error, c) => {
    log.error({ error }, 'request failed');
    return c.json({ error: 'internal' }, 500);
  });

  return app;
}
