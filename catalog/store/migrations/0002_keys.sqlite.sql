-- API keys: only the digest of a key is kept. Times are microseconds since 1970 in UTC.
CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  role TEXT NOT NULL,
  member_of TEXT NOT NULL,
  label TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT,
  revoked_us BIGINT,
  last_used_us BIGINT
);
