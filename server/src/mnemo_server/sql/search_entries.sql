-- What the resident search index is loaded from and kept fresh by.

-- name: put_entry
INSERT INTO search_entries (tenant_id, memory_id, version, is_active, token_count, terms, session_key, seq,
  speaker, traits, changed_at)
VALUES (:tenant_id, :memory_id, :version, 1, :token_count, :terms, :session_key, :seq,
  :speaker, :traits, :changed_at);

-- name: replace_entry
UPDATE search_entries
SET version = :version, token_count = :token_count, terms = :terms, traits = :traits,
  changed_at = :changed_at
WHERE tenant_id = :tenant_id AND memory_id = :memory_id;

-- name: deactivate_entries
UPDATE search_entries
SET version = version + 1, is_active = 0, changed_at = :changed_at
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);

-- name: load_entries
-- One page of a tenant's active entries, by id.
SELECT memory_id, version, changed_at, is_active, token_count, terms, session_key, seq, speaker, traits
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id > :after_id AND is_active = 1
ORDER BY memory_id
LIMIT :page_size;

-- name: find_changes
-- Answered by search_entries_by_change alone.
SELECT memory_id, version, changed_at
FROM search_entries
WHERE tenant_id = :tenant_id AND changed_at >= :since
ORDER BY changed_at;

-- name: find_entries
SELECT memory_id, version, changed_at, is_active, token_count, terms, session_key, seq, speaker, traits
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);
