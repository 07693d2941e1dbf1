-- Jobs: what makes two orders equal (empty: never), until when outputs are kept, and the campaign that they are of.
ALTER TABLE job ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN expires_us BIGINT;
ALTER TABLE job ADD COLUMN campaign TEXT NOT NULL DEFAULT '';
CREATE INDEX job_fingerprint ON job (fingerprint, finished_us) WHERE fingerprint <> '';
CREATE INDEX job_expires ON job (expires_us);
CREATE INDEX job_finished ON job (finished_us);
CREATE INDEX job_campaign ON job (campaign) WHERE campaign <> '';
-- A campaign: one process over many products, a job for each, so many at once.
CREATE TABLE campaign (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  member_of TEXT NOT NULL,
  process TEXT NOT NULL,
  title TEXT NOT NULL,
  inputs TEXT NOT NULL,
  at_once INTEGER NOT NULL,
  state TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL
);
CREATE INDEX campaign_owner ON campaign (owner, created_us);
CREATE TABLE campaign_item (
  campaign TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  product TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  job TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (campaign, number)
);
CREATE INDEX campaign_item_state ON campaign_item (campaign, state, number);
