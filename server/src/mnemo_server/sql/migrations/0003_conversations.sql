-- What a conversation becomes: memories that take the place of others, durable jobs, and what models cost;
-- schema.sql explains every table and column.

ALTER TABLE memories ADD COLUMN subject VARCHAR(200);
ALTER TABLE memories ADD COLUMN superseded_at BIGINT;
ALTER TABLE memories ADD COLUMN likeness VARBINARY(16);
ALTER TABLE memories ADD COLUMN derived_from MEDIUMTEXT;
CREATE INDEX memories_by_subject ON memories (tenant_id, subject, id);
CREATE UNIQUE INDEX memories_by_likeness ON memories (tenant_id, likeness);

-- Lists leave superseded memories out, and count without reading rows.
DROP INDEX memories_by_update /*!40100 ON memories */;
CREATE INDEX memories_by_update ON memories (tenant_id, is_message, state, updated_at, id, superseded_by);

ALTER TABLE events ADD COLUMN detail MEDIUMTEXT;

-- Work that goes on after an answer, and survives the server.
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
