-- What the resident search index is loaded from and kept fresh by. Every change of a row raises its revision.

-- name: put_entry
INSERT INTO search_entries (tenant_id, memory_id, revision, is_active, token_count, terms, session_key, seq,
  speaker, traits, changed_at, created_at)
VALUES (:tenant_id, :memory_id, :revision, 1, :token_count, :terms, :session_key, :seq,
  :speaker, :traits, :changed_at, :created_at);

-- name: replace_entry
-- The vector is of the text before; without one the row is found and embedded anew.
UPDATE search_entries
SET revision = :revision, token_count = :token_count, terms = :terms, traits = :traits,
  changed_at = :changed_at, model_id = 0, vector_code = NULL
WHERE tenant_id = :tenant_id AND memory_id = :memory_id;

-- name: deactivate_entries
-- The revision of the memory's next version.
UPDATE search_entries
SET revision = revision - revision % :step + :step, is_active = 0, changed_at = :changed_at, model_id = 0,
  vector_code = NULL
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);

-- name: load_entries
-- One page of a tenant's active entries, by id.
SELECT memory_id, revision, changed_at, is_active, token_count, terms, session_key, seq, speaker, traits,
  created_at, model_id, vector_code
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id > :after_id AND is_active = 1
ORDER BY memory_id
LIMIT :page_size;

-- name: find_changes
-- Answered by search_entries_by_change alone.
SELECT memory_id, revision, changed_at
FROM search_entries
WHERE tenant_id = :tenant_id AND changed_at >= :since
ORDER BY changed_at;

-- name: find_entries
SELECT memory_id, revision, changed_at, is_active, token_count, terms, session_key, seq, speaker, traits,
  created_at, model_id, vector_code
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);

-- name: find_token_codes
SELECT memory_id, token_codes
FROM search_vectors
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...) AND model_id = :model_id;

-- name: remove_vectors
DELETE FROM search_vectors WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);
