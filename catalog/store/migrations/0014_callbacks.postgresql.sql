-- Who wants to hear of a job: one address for each event. `due_us` is NULL before the event, and after it was told or given up.
CREATE TABLE job_callback (
  job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  event TEXT NOT NULL,
  url TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due_us BIGINT,
  PRIMARY KEY (job, event)
);
CREATE INDEX job_callback_due ON job_callback (due_us);
