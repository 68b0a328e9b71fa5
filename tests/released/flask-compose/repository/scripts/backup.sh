#!/bin/sh
# Dumps the database to the bucket of backups; cron runs it every night.
set -eu
pg_dump --format=custom "$DATABASE_URL" | age -r "$BACKUP_RECIPIENT" | aws s3 cp - "s3://shop-backups/$(date +%F).dump"
