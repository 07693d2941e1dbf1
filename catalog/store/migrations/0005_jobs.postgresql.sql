-- Who may see a product: everybody (an empty audience), a user (u.name) or a group (g.name). Jobs, what happened to them, and what they made.
ALTER TABLE product ADD COLUMN audience TEXT NOT NULL DEFAULT '';
CREATE INDEX product_by_audience ON product (audience, collection);
ALTER TABLE record ADD COLUMN audience TEXT NOT NULL DEFAULT '';
ALTER TABLE record ADD COLUMN lineage TEXT NOT NULL DEFAULT '';
CREATE TABLE job (
  id TEXT NOT NULL PRIMARY KEY,
  process TEXT NOT NULL,
  version TEXT NOT NULL,
  owner TEXT NOT NULL,
  member_of TEXT NOT NULL,
  phase TEXT NOT NULL,
  message TEXT NOT NULL,
  progress INTEGER NOT NULL,
  request TEXT NOT NULL,
  executor TEXT NOT NULL,
  backend_ref TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  not_before_us BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  started_us BIGINT,
  finished_us BIGINT,
  updated_us BIGINT NOT NULL,
  missing_us BIGINT,
  ending INTEGER NOT NULL,
  error_class TEXT NOT NULL,
  error TEXT NOT NULL,
  node TEXT NOT NULL
);
CREATE INDEX job_by_owner ON job (owner, created_us DESC);
CREATE INDEX job_by_phase ON job (phase, not_before_us);
CREATE TABLE job_event (
  job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at_us BIGINT NOT NULL,
  phase TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (job, number)
);
CREATE TABLE job_output (
  job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  product TEXT NOT NULL,
  PRIMARY KEY (job, name, number)
);
CREATE TABLE lease (
  name TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  until_us BIGINT NOT NULL
);
