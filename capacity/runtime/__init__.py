"""The hot path: decide, ingest, bundle. psycopg, no serializers, no ORM writes."""
