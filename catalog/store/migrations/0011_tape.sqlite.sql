-- Files that lie on tape: where, and whether a copy is here, is asked for, or is being fetched.
CREATE TABLE tape_file (
  path TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  size BIGINT NOT NULL,
  tape TEXT NOT NULL,
  state TEXT NOT NULL,
  owner TEXT NOT NULL,
  worker TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  message TEXT NOT NULL,
  not_before_us BIGINT NOT NULL,
  asked_us BIGINT NOT NULL,
  used_us BIGINT NOT NULL
);
CREATE INDEX tape_file_state ON tape_file (state, asked_us);
