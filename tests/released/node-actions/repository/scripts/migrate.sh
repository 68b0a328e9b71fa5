#!/bin/sh
# Applies the migrations that the database does not have yet; a job of Kubernetes runs it before each deployment.
set -eu
for file in migrations/*.sql; do
  psql "$DATABASE_URL" --single-transaction --file "$file"
done
