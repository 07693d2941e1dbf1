-- Who is told of what is new in a feed (WebSub). `until_us` is NULL before the first confirmation; `wish` is what waits for one.
CREATE TABLE subscription (
  key INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  callback TEXT NOT NULL,
  host TEXT NOT NULL,
  secret TEXT NOT NULL,
  until_us BIGINT,
  seen_us BIGINT NOT NULL,
  wish TEXT NOT NULL,
  wished_secret TEXT NOT NULL,
  wished_seconds INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due_us BIGINT NOT NULL,
  UNIQUE (topic, callback)
);
CREATE INDEX subscription_due ON subscription (due_us);
CREATE INDEX subscription_host ON subscription (host);
