-- Vectors of search entries, and the models that made them.

-- name: list_models
SELECT model_id, name, dimensions, chosen_at FROM embedding_models ORDER BY chosen_at, model_id;

-- name: put_model
INSERT INTO embedding_models (model_id, name, dimensions, chosen_at)
VALUES (:model_id, :name, :dimensions, :chosen_at);

-- name: choose_model
UPDATE embedding_models SET chosen_at = :chosen_at WHERE model_id = :model_id;

-- name: find_unembedded
-- Each model is a range of search_entries_by_model, in which tenants between two that are passed over lie
-- together, and a share of their rows can be asked for. The limit is inside, or TiDB would read the whole
-- range, and the hint keeps it from reading all memories. seq and created_at of entry and memory are the same.
SELECT /*+ INL_JOIN(m) */ memory_id, revision, changed_at, is_active, token_count, terms, session_key, speaker,
  traits, model_id, vector_code, {memory_columns}
FROM (
  SELECT tenant_id AS entry_tenant_id, memory_id, revision, changed_at, is_active, token_count, terms,
    session_key, speaker, traits, model_id, vector_code
  FROM search_entries
  WHERE model_id IN (:model_ids...) AND is_active = 1
    AND tenant_id > :after_tenant AND tenant_id < :until_tenant AND memory_id % :shares = :share
    AND changed_at < :before
  LIMIT :limit
) AS e JOIN memories m ON m.tenant_id = e.entry_tenant_id AND m.id = e.memory_id;

-- name: find_revisions
SELECT memory_id, revision
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...) AND is_active = 1;

-- name: write_code
-- Compare-and-swap: touches nothing when the entry has changed since its text was read.
UPDATE search_entries
SET model_id = :model_id, vector_code = :vector_code, revision = revision + 1, changed_at = :changed_at
WHERE tenant_id = :tenant_id AND memory_id = :memory_id AND revision = :seen AND is_active = 1;

-- name: write_vector
REPLACE INTO search_vectors (tenant_id, memory_id, model_id, token_codes)
VALUES (:tenant_id, :memory_id, :model_id, :token_codes);

-- name: write_vector_with_components
-- For TiDB alone: no other engine has this column.
REPLACE INTO search_vectors (tenant_id, memory_id, model_id, token_codes, embedding)
VALUES (:tenant_id, :memory_id, :model_id, :token_codes, :components);

-- name: count_waiting
-- Served by search_entries_by_model alone.
SELECT model_id, COUNT(*) AS total
FROM search_entries
WHERE model_id IN (:model_ids...) AND is_active = 1
GROUP BY model_id;

-- name: count_waiting_of_tenants
-- Served by search_entries_by_model alone.
SELECT COUNT(*) AS total
FROM search_entries
WHERE model_id IN (:model_ids...) AND is_active = 1 AND tenant_id IN (:tenant_ids...);

-- name: count_by_model
SELECT model_id, COUNT(*) AS total, COUNT(vector_code) AS embedded
FROM search_entries
WHERE tenant_id = :tenant_id AND is_active = 1
GROUP BY model_id;
