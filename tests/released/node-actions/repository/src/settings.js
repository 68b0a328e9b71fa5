import { z } from 'zod';

const Environment = z.object({
  PORT: z.coerce.number().default(8080),
  DATABASE_URL: z.string().url(),
  JWT_SECRET: z.string().min(32),
  HOLD_MINUTES: z.coerce.number().default(10),
});

/** @typedef {{ port: number, databaseUrl: string, jwtSecret: string, holdMinutes: number }} Settings */

/**
 * What the environment says.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Settings}
 */
export function readSettings(environment) {
  const told = Environment.parse(environment);
  return {
    port: told.PORT,
    databaseUrl: told.DATABASE_URL,
    jwtSecret: told.JWT_SECRET,
    holdMinutes: told.HOLD_MINUTES,
  };
}
