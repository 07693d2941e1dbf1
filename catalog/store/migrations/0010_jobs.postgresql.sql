-- A key of the client's own choice: the same order sent twice is one job.
ALTER TABLE job ADD COLUMN idempotency TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX job_idempotency ON job (owner, idempotency) WHERE idempotency <> '';
