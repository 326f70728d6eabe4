-- The whole database of mnemos, for SQLite, TiDB, MySQL and MariaDB alike.
--
-- Words that only some engines know are in comments that only those execute: /*T! … */ is TiDB's,
-- /*!40100 … */ is the MySQL family's. Times are microseconds since 1970-01-01 UTC, in columns named
-- …_at. Ids are 63-bit, made by the server (milliseconds, then randomness), so they sort by age. JSON is
-- kept as text, exactly as it came. A statement ends with a semicolon at the end of a line.

-- Which migrations this database has had.
CREATE TABLE schema_migrations (
  version INT NOT NULL,               -- number of the file
  name VARCHAR(200) NOT NULL,         -- its whole name
  checksum CHAR(64) NOT NULL,         -- sha256 of its text: an applied file never changes
  applied_at BIGINT NOT NULL,
  PRIMARY KEY (version)
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- One tenant is one memory pool; every row of every other table belongs to one.
CREATE TABLE tenants (
  tenant_id BIGINT NOT NULL,
  name VARCHAR(200) NOT NULL,
  state VARCHAR(20) NOT NULL,         -- active | suspended
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id)
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Keys that open a tenant. The key itself is shown once and never stored.
CREATE TABLE api_keys (
  key_hash VARBINARY(32) NOT NULL,    -- sha256 of the key, which has 192 random bits
  key_id BIGINT NOT NULL,
  tenant_id BIGINT NOT NULL,
  label VARCHAR(200) NOT NULL,
  state VARCHAR(20) NOT NULL,         -- active | revoked
  created_at BIGINT NOT NULL,
  PRIMARY KEY (key_hash)
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- What agents know. Messages of sessions are memories too, of type `session`.
CREATE TABLE memories (
  tenant_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  content MEDIUMTEXT NOT NULL,
  memory_type VARCHAR(20) NOT NULL,   -- pinned | insight | session
  is_message TINYINT NOT NULL,        -- 1 for type session: lists leave these out without reading them
  state VARCHAR(20) NOT NULL,         -- active | paused | archived | deleted
  version INT NOT NULL,               -- 1, then one more per update
  content_hash VARBINARY(32) NOT NULL, -- sha256; for messages over who and when as well
  source VARCHAR(200),
  tags MEDIUMTEXT,                    -- JSON array of strings; memory_tags has them one by one
  metadata MEDIUMTEXT,                -- any JSON
  agent_id VARCHAR(200),              -- who stored it
  session_id VARCHAR(200),
  seq INT,                            -- messages: place in the session, from 0
  role VARCHAR(200),                  -- messages: user, assistant, tool …
  name VARCHAR(200),                  -- messages: who spoke, where that is more than a role
  project VARCHAR(200),               -- null: known everywhere
  superseded_by BIGINT,               -- the newer memory that supersedes it
  updated_by VARCHAR(200),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  subject VARCHAR(200),               -- what it says something about, such as user/employer: one is current
  superseded_at BIGINT,               -- since when it is superseded
  likeness VARBINARY(16),             -- fingerprint of what it says, apart from how; null for messages, for
                                      -- what is deleted or superseded, and where two came to say the same
  derived_from MEDIUMTEXT,            -- JSON array of ids: the messages or memories it was made of
  PRIMARY KEY (tenant_id, id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Serves lists and their counts: one state of a tenant without messages, newest change first.
CREATE INDEX memories_by_update ON memories (tenant_id, is_message, state, updated_at, id, superseded_by);
-- Serves session-messages, and alignment of new messages.
CREATE INDEX memories_by_session ON memories (tenant_id, session_id, seq);

-- Serves the search for the memories of a subject.
CREATE INDEX memories_by_subject ON memories (tenant_id, subject, id);
-- Rejects a repeat: only one current memory says a thing. Others have no likeness, so they repeat nothing.
CREATE UNIQUE INDEX memories_by_likeness ON memories (tenant_id, likeness);

-- Tags one by one, to filter and list without reading JSON.
CREATE TABLE memory_tags (
  tenant_id BIGINT NOT NULL,
  tag VARCHAR(200) NOT NULL,
  memory_id BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, tag, memory_id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Serves the replacement of one memory's tags.
CREATE INDEX memory_tags_by_memory ON memory_tags (tenant_id, memory_id);

-- What search needs of a memory, apart from its text: the resident index is a cache of these rows.
CREATE TABLE search_entries (
  tenant_id BIGINT NOT NULL,
  memory_id BIGINT NOT NULL,
  is_active TINYINT NOT NULL,         -- 0: deleted, kept so that other servers notice
  token_count INT NOT NULL,           -- tokens of the text, stop words left out
  terms MEDIUMBLOB NOT NULL,          -- n x uint64 term hashes, then n x uint8 frequencies (0: a filter)
  session_key BIGINT,                 -- messages: hash of the session id
  seq INT,                            -- messages: place in the session
  speaker VARCHAR(200),               -- messages: name, or else role
  traits INT NOT NULL,                -- bits that ranking weighs: asks, tells a time, is specific
  changed_at BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 0, -- counts the changes of this row: 1024 x version of the memory, then
                                      -- one more for each write of a vector
  created_at BIGINT NOT NULL DEFAULT 0, -- of the memory
  model_id INT NOT NULL DEFAULT 0,    -- embedding model that this text was given to; 0: none yet
  vector_code VARBINARY(4096),        -- signs of the vector; null: none, also when the model refused the text
  PRIMARY KEY (tenant_id, memory_id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Serves the refresh before each search, alone, without reading the rows.
CREATE INDEX search_entries_by_change ON search_entries (tenant_id, changed_at, memory_id, revision);
-- Serves the search for rows without a vector of the present model, and their count.
CREATE INDEX search_entries_by_model ON search_entries (model_id, is_active, tenant_id, memory_id);

-- Models that have made vectors for this database.
CREATE TABLE embedding_models (
  model_id INT NOT NULL,              -- from 1
  name VARCHAR(200) NOT NULL,         -- identifies weights and preparation of the text
  dimensions INT NOT NULL,            -- length of a vector
  chosen_at BIGINT NOT NULL,          -- when a server last started with it: the latest one embeds for all
  PRIMARY KEY (model_id)
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- One model, one number, however many servers meet it at once.
CREATE UNIQUE INDEX embedding_models_by_name ON embedding_models (name, dimensions);

-- What is read of the vectors of candidates only; no row without a vector in search_entries.
CREATE TABLE search_vectors (
  tenant_id BIGINT NOT NULL,
  memory_id BIGINT NOT NULL,
  model_id INT NOT NULL,
  token_codes MEDIUMBLOB NOT NULL,    -- signs of the projected vectors of its words, 24 bytes each
  /*T! embedding VECTOR, */           -- TiDB alone, from 8.4 on: the vector itself
  PRIMARY KEY (tenant_id, memory_id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Everything that ever happened to a memory, written in the transaction of the change. Append-only.
CREATE TABLE events (
  tenant_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  memory_id BIGINT NOT NULL,
  version INT NOT NULL,               -- of the memory after the change
  action VARCHAR(20) NOT NULL,        -- created | updated | deleted | superseded | restored | repeated | redacted
  agent_id VARCHAR(200),              -- who did it
  key_id BIGINT,                      -- with which key
  request_id VARCHAR(64),
  prior MEDIUMTEXT,                   -- JSON of the memory before; null where it was created or left as it was
  happened_at BIGINT NOT NULL,
  detail MEDIUMTEXT,                  -- JSON: why, by which job, and what was sent where it changed nothing
  PRIMARY KEY (tenant_id, id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Serves the history of one memory.
CREATE INDEX events_by_memory ON events (tenant_id, memory_id, id);

-- One row per conversation; its row lock orders those who append.
CREATE TABLE sessions (
  tenant_id BIGINT NOT NULL,
  session_id VARCHAR(200) NOT NULL,
  agent_id VARCHAR(200),              -- who began it
  message_count INT NOT NULL,
  next_seq INT NOT NULL,              -- one past the highest seq so far
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, session_id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Serves the search for the last session of a project: the latest sessions first.
CREATE INDEX sessions_by_update ON sessions (tenant_id, updated_at, session_id);

-- Responses already sent, so that a repeated POST with the same key gets the same one.
CREATE TABLE idempotency (
  tenant_id BIGINT NOT NULL,
  idempotency_key VARCHAR(200) NOT NULL,
  request_hash VARBINARY(32) NOT NULL, -- sha256 of the request
  answer_status INT NOT NULL,
  answer MEDIUMTEXT NOT NULL,         -- JSON
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, idempotency_key) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Serves the removal of responses older than a day.
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Work that continues after a response, and survives the server.
CREATE TABLE jobs (
  tenant_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  kind VARCHAR(20) NOT NULL,          -- enrich | redact
  target VARCHAR(220) NOT NULL,       -- what it works on; one job for each
  state VARCHAR(20) NOT NULL,         -- waiting | running | done | failed
  requests INT NOT NULL,              -- how often it was asked for: more than when it began means once more
  attempts INT NOT NULL,              -- failed ones since it last went well
  run_at BIGINT NOT NULL,             -- not before
  owner VARCHAR(64),                  -- the claim under which a server works on it; each has a new one
  lease_until BIGINT,                 -- when others may take it over
  done_count INT NOT NULL,            -- how far it is
  total_count INT NOT NULL,
  note VARCHAR(200),                  -- why it waits, such as skipped_budget
  error VARCHAR(1000),                -- of the last attempt
  detail MEDIUMTEXT,                  -- JSON: what was asked for, and what came of it
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- One job for each target, however often it is asked for.
CREATE UNIQUE INDEX jobs_by_target ON jobs (tenant_id, kind, target);
-- Serves the look for tenants with something due, or left behind by a server that died, and the counts.
CREATE INDEX jobs_by_due ON jobs (state, kind, run_at, tenant_id, id);
-- Serves the claim of what is due of one tenant.
CREATE INDEX jobs_by_turn ON jobs (tenant_id, state, run_at, kind, id);
-- Serves lists: newest change first.
CREATE INDEX jobs_by_update ON jobs (tenant_id, updated_at, id);

-- What a job has still to look at: taken out in the transaction that writes what came of it.
CREATE TABLE job_items (
  tenant_id BIGINT NOT NULL,
  job_id BIGINT NOT NULL,
  item_id BIGINT NOT NULL,            -- id of a memory
  requests INT NOT NULL,              -- of the job when this was last asked for: a run deals with what was
                                      -- there when it began, and leaves to the next what came since
  PRIMARY KEY (tenant_id, job_id, item_id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- What models cost, by tenant and day.
CREATE TABLE usage_ledger (
  tenant_id BIGINT NOT NULL,
  day INT NOT NULL,                   -- days since 1970-01-01 UTC
  kind VARCHAR(20) NOT NULL,          -- llm | embedding
  calls INT NOT NULL,
  reserved_tokens BIGINT NOT NULL,    -- of calls under way; of a server that died, for good
  input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  cost_nanos BIGINT NOT NULL,         -- billionths of the currency of the prices
  PRIMARY KEY (tenant_id, day, kind) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Values that a database is given once and keeps, such as the key of fingerprints.
CREATE TABLE installation (
  name VARCHAR(100) NOT NULL,
  value VARBINARY(255) NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (name)
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- What recalls showed to models and left out, kept for a few days for people to look at.
CREATE TABLE recalls (
  tenant_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  event VARCHAR(20) NOT NULL,         -- session | prompt
  prompt MEDIUMTEXT,                  -- the beginning of the prompt, without secrets
  session_id VARCHAR(200),
  project VARCHAR(200),
  agent_id VARCHAR(200),
  silence VARCHAR(20),                -- why nothing was shown; null: something was
  tokens INT NOT NULL,                -- of the lines shown, estimated
  elapsed_ms INT NOT NULL,
  considered MEDIUMTEXT NOT NULL,     -- JSON: [[memory id, confidence in percent, why it was left out or null], …]
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id) /*T![clustered_index] CLUSTERED */
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Serves the recalls of one session.
CREATE INDEX recalls_by_session ON recalls (tenant_id, session_id, id);
-- Serves the removal of recalls older than a few days.
CREATE INDEX recalls_by_age ON recalls (created_at);
