-- What models were shown, and an index to find the session that the next one continues.

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

CREATE INDEX sessions_by_update ON sessions (tenant_id, updated_at, session_id);
