import postgres from 'postgres';

/** @typedef {ReturnType<typeof openStore>} Store */

/**
 * The database.
 *
 * @param {string} url
 */
export function openStore(url) {
  const sql = postgres(url, { max: 10 });
  return {
    /** @param {string} concert */
    async freeSeats(concert) {
      const [row] = await sql`select free from concerts where id = ${concert}`;
      return Number(row?.free ?? 0);
    },
    /** @param {string} concert @param {number} seats @param {Date} until */
    async hold(concert, seats, until) {
      const [row] = await sql`
        insert into orders (concert, seats, held_until) values (${concert}, ${seats}, ${until})
        returning id, concert, seats, held_until`;
      return row;
    },
    /** @param {string} id */
    async order(id) {
      const [row] = await sql`select id, concert, seats, paid from orders where id = ${id}`;
      return row;
    },
    close: () => sql.end(),
  };
}
