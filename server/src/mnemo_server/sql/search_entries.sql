-- What the resident search index is loaded from and kept fresh by. Every change of a row raises its revision.

-- fragment: entry_columns
memory_id, revision, changed_at, is_active, token_count, terms, session_key, seq, speaker, traits,
  created_at, model_id, vector_code

-- fragment: joined_entry_columns
-- The same of the table alias e.
e.memory_id, e.revision, e.changed_at, e.is_active, e.token_count, e.terms, e.session_key, e.seq,
  e.speaker, e.traits, e.created_at, e.model_id, e.vector_code

-- name: put_entry
INSERT INTO search_entries (tenant_id, memory_id, revision, is_active, token_count, terms, session_key, seq,
  speaker, traits, changed_at, created_at)
VALUES (:tenant_id, :memory_id, :revision, 1, :token_count, :terms, :session_key, :seq,
  :speaker, :traits, :changed_at, :created_at);

-- name: replace_entry
-- The vector is of the text before; without one the row is found and re-embedded.
UPDATE search_entries
SET revision = :revision, is_active = 1, token_count = :token_count, terms = :terms, traits = :traits,
  changed_at = :changed_at, model_id = 0, vector_code = NULL
WHERE tenant_id = :tenant_id AND memory_id = :memory_id;

-- name: deactivate_entries
-- The revision of the memory's next version.
UPDATE search_entries
SET revision = revision - revision % :step + :step, is_active = 0, changed_at = :changed_at, model_id = 0,
  vector_code = NULL
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);

-- name: lock_entries
-- So that no vector is written meanwhile.
SELECT {entry_columns}
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...)
ORDER BY memory_id
{for_update};

-- name: change_terms
-- Other facets of the same text: it keeps its vector.
UPDATE search_entries
SET revision = :revision, terms = :terms, changed_at = :changed_at
WHERE tenant_id = :tenant_id AND memory_id = :memory_id;

-- name: load_entries
-- One page of a tenant's active entries, by id.
SELECT {entry_columns}
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id > :after_id AND is_active = 1
ORDER BY memory_id
LIMIT :page_size;

-- name: find_changes
-- Served by search_entries_by_change alone.
SELECT memory_id, revision, changed_at
FROM search_entries
WHERE tenant_id = :tenant_id AND changed_at >= :since
ORDER BY changed_at;

-- name: find_entries
SELECT {entry_columns}
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);

-- name: find_token_codes
SELECT memory_id, token_codes
FROM search_vectors
WHERE tenant_id = :tenant_id AND memory_id IN (:ids...) AND model_id = :model_id;

-- name: remove_vectors
DELETE FROM search_vectors WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);

-- name: measure_stretch
-- How much there is in the next entries of a tenant, at most :limit, and where they end.
SELECT MAX(memory_id) AS last_id, SUM(is_active) AS document_count, SUM(is_active * token_count) AS length
FROM (
  SELECT memory_id, is_active, token_count
  FROM search_entries
  WHERE tenant_id = :tenant_id AND memory_id > :after
  ORDER BY memory_id
  LIMIT :limit
) AS stretch;

-- name: read_terms
SELECT memory_id, terms
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id > :after AND memory_id <= :until AND is_active = 1;

-- name: find_holders
-- Hashes lie in `terms` byte by byte, so the database can tell which rows are worth their way over the network.
SELECT {entry_columns}
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id > :after AND memory_id <= :until AND is_active = 1
  AND (INSTR(terms, :t0) > 0 OR INSTR(terms, :t1) > 0 OR INSTR(terms, :t2) > 0 OR INSTR(terms, :t3) > 0
    OR INSTR(terms, :t4) > 0 OR INSTR(terms, :t5) > 0 OR INSTR(terms, :t6) > 0 OR INSTR(terms, :t7) > 0
    OR INSTR(terms, :t8) > 0 OR INSTR(terms, :t9) > 0 OR INSTR(terms, :t10) > 0 OR INSTR(terms, :t11) > 0
    OR INSTR(terms, :t12) > 0 OR INSTR(terms, :t13) > 0 OR INSTR(terms, :t14) > 0 OR INSTR(terms, :t15) > 0);

-- name: read_codes
SELECT memory_id, vector_code
FROM search_entries
WHERE tenant_id = :tenant_id AND memory_id > :after AND memory_id <= :until AND is_active = 1
  AND model_id = :model_id AND vector_code IS NOT NULL
  AND created_at >= :created_from AND created_at < :created_before;

-- name: find_near
-- For TiDB alone, which compares the vectors where they lie: no other engine has this column.
SELECT e.memory_id, e.vector_code
FROM (
  SELECT v.memory_id
  FROM search_vectors v
  WHERE v.tenant_id = :tenant_id AND v.memory_id > :after AND v.memory_id <= :until
    AND v.model_id = :model_id AND v.embedding IS NOT NULL
  ORDER BY VEC_COSINE_DISTANCE(v.embedding, :components)
  LIMIT :limit
) AS near JOIN search_entries e ON e.tenant_id = :tenant_id AND e.memory_id = near.memory_id
WHERE e.tenant_id = :tenant_id AND e.is_active = 1 AND e.model_id = :model_id AND e.vector_code IS NOT NULL;

-- name: find_places
-- Where in their sessions these messages lie.
SELECT id, session_id, seq
FROM memories
WHERE tenant_id = :tenant_id AND id IN (:ids...) AND is_message = 1 AND session_id IS NOT NULL;

-- name: find_following
SELECT {joined_entry_columns}
FROM memories m JOIN search_entries e ON e.tenant_id = m.tenant_id AND e.memory_id = m.id
WHERE m.tenant_id = :tenant_id AND m.session_id = :session_id AND m.is_message = 1 AND e.is_active = 1
  AND m.seq >= :seq AND (m.seq > :seq OR m.id > :id)
ORDER BY m.seq, m.id
LIMIT :limit;

-- name: find_preceding
SELECT {joined_entry_columns}
FROM memories m JOIN search_entries e ON e.tenant_id = m.tenant_id AND e.memory_id = m.id
WHERE m.tenant_id = :tenant_id AND m.session_id = :session_id AND m.is_message = 1 AND e.is_active = 1
  AND m.seq <= :seq AND (m.seq < :seq OR m.id < :id)
ORDER BY m.seq DESC, m.id DESC
LIMIT :limit;
