-- Memories, their tags, and what happened to them.

-- name: put_memory
INSERT INTO memories (tenant_id, id, content, memory_type, is_message, state, version, content_hash, source,
  tags, metadata, agent_id, session_id, seq, role, name, project, superseded_by, updated_by, created_at,
  updated_at, subject, superseded_at, likeness, derived_from)
VALUES (:tenant_id, :id, :content, :memory_type, :is_message, :state, :version, :content_hash, :source,
  :tags, :metadata, :agent_id, :session_id, :seq, :role, :name, :project, :superseded_by, :updated_by,
  :created_at, :updated_at, :subject, :superseded_at, :likeness, :derived_from);

-- name: find_memory
SELECT {memory_columns}
FROM memories
WHERE tenant_id = :tenant_id AND id = :id AND state = 'active';

-- name: find_state
-- Distinguishes an unknown memory from a deleted one.
SELECT state FROM memories WHERE tenant_id = :tenant_id AND id = :id;

-- name: find_memories
SELECT {memory_columns}
FROM memories
WHERE tenant_id = :tenant_id AND id IN (:ids...) AND state = 'active';

-- name: lock_memories
-- In any state, deleted ones too.
SELECT {memory_columns}
FROM memories
WHERE tenant_id = :tenant_id AND id IN (:ids...)
ORDER BY id
{for_update};

-- fragment: list_filter
-- Which memories a list is about. An unused filter is null, or its count is 0.
tenant_id = :tenant_id AND is_message = 0 AND state IN (:states...)
  AND (:source IS NULL OR source = :source)
  AND (:agent_id IS NULL OR agent_id = :agent_id)
  AND (:session_id IS NULL OR session_id = :session_id)
  AND (:project IS NULL OR project = :project)
  AND (:subject IS NULL OR subject = :subject)
  AND (:with_superseded = 1 OR superseded_by IS NULL)
  AND (:unchanged_since IS NULL OR updated_at <= :unchanged_since)
  AND (:created_from IS NULL OR created_at >= :created_from)
  AND (:created_before IS NULL OR created_at < :created_before)
  AND (:type_count = 0 OR memory_type IN (:memory_types...))

-- fragment: tag_filter
-- Apart from list_filter, because TiDB reads all memories of a tenant when a query mentions tags at all.
AND (:tag_count = 0 OR id IN (
    SELECT memory_id FROM memory_tags WHERE tenant_id = :tenant_id AND tag IN (:tags...)
    GROUP BY memory_id HAVING COUNT(*) = :tag_count))
  AND (:tag_any_count = 0 OR id IN (
    SELECT memory_id FROM memory_tags WHERE tenant_id = :tenant_id AND tag IN (:tags_any...)))

-- fragment: subject_filter
-- The current memory of a subject, or those that an older version of the server left.
tenant_id = :tenant_id AND subject = :subject AND superseded_by IS NULL AND state = 'active'
  AND (project = :project OR (project IS NULL AND :project IS NULL))

-- name: list_memories
SELECT {memory_columns}
FROM memories
WHERE {list_filter}
ORDER BY updated_at DESC, id DESC
LIMIT :limit OFFSET :offset;

-- name: count_memories
SELECT COUNT(*) AS total
FROM memories
WHERE {list_filter};

-- name: list_tagged_memories
SELECT {memory_columns}
FROM memories
WHERE {list_filter}
  {tag_filter}
ORDER BY updated_at DESC, id DESC
LIMIT :limit OFFSET :offset;

-- name: count_tagged_memories
SELECT COUNT(*) AS total
FROM memories
WHERE {list_filter}
  {tag_filter};

-- name: update_memory
-- Compare-and-swap: touches nothing when the version has moved on. Writes whatever can change.
UPDATE memories
SET content = :content, content_hash = :content_hash, likeness = :likeness, source = :source, tags = :tags,
  metadata = :metadata, state = :state, superseded_by = :superseded_by, superseded_at = :superseded_at,
  version = version + 1, updated_by = :updated_by, updated_at = :updated_at
WHERE tenant_id = :tenant_id AND id = :id AND version = :version;

-- name: delete_memories
UPDATE memories
SET state = 'deleted', version = version + 1, updated_by = :updated_by, likeness = NULL,
  updated_at = CASE WHEN updated_at < :updated_at THEN :updated_at ELSE updated_at + 1 END
WHERE tenant_id = :tenant_id AND id IN (:ids...) AND state <> 'deleted';

-- name: put_tag
INSERT INTO memory_tags (tenant_id, tag, memory_id) VALUES (:tenant_id, :tag, :memory_id);

-- name: remove_tags
DELETE FROM memory_tags WHERE tenant_id = :tenant_id AND memory_id IN (:ids...);

-- name: put_event
INSERT INTO events (tenant_id, id, memory_id, version, action, agent_id, key_id, request_id, prior,
  happened_at, detail)
VALUES (:tenant_id, :id, :memory_id, :version, :action, :agent_id, :key_id, :request_id, :prior,
  :happened_at, :detail);

-- name: lock_places
-- A transaction in which memories supersede others locks the tenant's row until the commit: one at a time.
SELECT tenant_id FROM tenants WHERE tenant_id = :tenant_id {for_update};

-- name: find_alike
-- Only a current memory has a likeness. Not FOR UPDATE: a lock of this index would block inserts.
SELECT id FROM memories WHERE tenant_id = :tenant_id AND likeness = :likeness;

-- name: lock_subject
SELECT {memory_columns}
FROM memories
WHERE {subject_filter}
ORDER BY id
{for_update};

-- name: find_subject
-- The same without a lock.
SELECT {memory_columns}
FROM memories
WHERE {subject_filter}
ORDER BY id;

-- name: list_frequent_tags
-- For the prompt of a language model, so that it uses the same names.
SELECT tag, COUNT(*) AS total
FROM memory_tags
WHERE tenant_id = :tenant_id
GROUP BY tag
ORDER BY total DESC, tag
LIMIT :limit;

-- name: list_subjects
-- The subjects of the newest memories. Served by memories_by_subject alone.
SELECT subject, MAX(id) AS latest_id
FROM memories
WHERE tenant_id = :tenant_id AND subject IS NOT NULL
GROUP BY subject
ORDER BY latest_id DESC
LIMIT :limit;
