-- What happened to memories, and how they were before.

-- name: find_any_memories
-- In any state, deleted ones too.
SELECT {memory_columns}
FROM memories
WHERE tenant_id = :tenant_id AND id IN (:ids...);

-- name: list_events
-- The latest first: by version, and what left the version as it was by time.
SELECT version, action, agent_id, prior, detail, happened_at
FROM events
WHERE tenant_id = :tenant_id AND memory_id = :memory_id
ORDER BY version DESC, id DESC
LIMIT :limit;

-- name: find_version
-- How a memory was before the change that made the version after.
SELECT prior FROM events
WHERE tenant_id = :tenant_id AND memory_id = :memory_id AND version = :version + 1 AND prior IS NOT NULL;

-- name: find_superseding
-- Why another memory superseded it.
SELECT detail FROM events
WHERE tenant_id = :tenant_id AND memory_id = :memory_id AND action = 'superseded'
ORDER BY version DESC
LIMIT 1;

-- name: list_changed_since
-- Memories created by then that were changed later. Every state is named for the sake of the index.
SELECT id FROM memories
WHERE tenant_id = :tenant_id AND is_message = 0 AND state IN ('active', 'paused', 'archived', 'deleted')
  AND updated_at > :as_of AND created_at <= :as_of
ORDER BY id;

-- name: find_priors
-- How memories were then: as the first change after it found them.
SELECT e.memory_id, e.prior
FROM events e
WHERE e.tenant_id = :tenant_id AND e.memory_id IN (:ids...) AND e.happened_at > :as_of AND e.prior IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM events earlier
    WHERE earlier.tenant_id = :tenant_id AND earlier.memory_id = e.memory_id
      AND earlier.happened_at > :as_of AND earlier.prior IS NOT NULL AND earlier.version < e.version);
