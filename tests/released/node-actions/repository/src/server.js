import { serve } from '@hono/node-server';

import { createApp } from './app.js';
import { log } from './log.js';
import { readSettings } from './settings.js';
import { openStore } from './store.js';

const settings = readSettings(process.env);
const store = openStore(settings.databaseUrl);
const server = serve({ fetch: createApp(store, settings).fetch, port: settings.port });
log.info({ port: settings.port }, 'listening');

process.on('SIGTERM', () => {
  server.close(() => store.close());
});
