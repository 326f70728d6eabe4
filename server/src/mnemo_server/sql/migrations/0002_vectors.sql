-- Vectors beside the terms of each memory, and a revision that counts every change of a search entry;
-- schema.sql explains every table and column.

ALTER TABLE search_entries ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE search_entries ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE search_entries ADD COLUMN model_id INT NOT NULL DEFAULT 0;
ALTER TABLE search_entries ADD COLUMN vector_code VARBINARY(4096);
DROP INDEX search_entries_by_change /*!40100 ON search_entries */;
CREATE INDEX search_entries_by_change ON search_entries (tenant_id, changed_at, memory_id, revision);
CREATE INDEX search_entries_by_model ON search_entries (model_id, is_active, tenant_id, memory_id);
ALTER TABLE search_entries DROP COLUMN version;

-- Models that have made vectors for this database.
CREATE TABLE embedding_models (
  model_id INT NOT NULL,              -- from 1
  name VARCHAR(200) NOT NULL,         -- identifies weights and preparation of the text
  dimensions INT NOT NULL,            -- length of a vector
  chosen_at BIGINT NOT NULL,          -- when a server last started with it: the latest one embeds for all
  PRIMARY KEY (model_id)
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

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

-- An entry and its memory are written together, so they are of one version.
UPDATE search_entries
SET revision = 1024 * (SELECT m.version FROM memories m
    WHERE m.tenant_id = search_entries.tenant_id AND m.id = search_entries.memory_id),
  created_at = (SELECT m.created_at FROM memories m
    WHERE m.tenant_id = search_entries.tenant_id AND m.id = search_entries.memory_id)
WHERE revision = 0;
