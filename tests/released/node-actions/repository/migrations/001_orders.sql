create table if not exists concerts (id uuid primary key, free integer not null check (free >= 0));
create table if not exists orders (
  id uuid primary key default gen_random_uuid(),
  concert uuid not null references concerts,
  seats integer not null,
  held_until timestamptz,
  paid boolean not null default false
);
