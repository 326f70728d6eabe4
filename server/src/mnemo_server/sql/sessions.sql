-- Sessions and the messages in them. The messages are memories of type `session`.

-- name: put_session [mysql]
-- Begins a session unless it is there. INSERT IGNORE would take a shared lock of a row that is there, and two
-- that have one could not both go on to lock_session.
INSERT INTO sessions (tenant_id, session_id, agent_id, message_count, next_seq, created_at, updated_at)
VALUES (:tenant_id, :session_id, :agent_id, 0, 0, :now, :now)
ON DUPLICATE KEY UPDATE tenant_id = tenant_id;

-- name: put_session [sqlite]
INSERT OR IGNORE INTO sessions (tenant_id, session_id, agent_id, message_count, next_seq, created_at,
  updated_at)
VALUES (:tenant_id, :session_id, :agent_id, 0, 0, :now, :now);

-- name: lock_session
-- A transaction that appends to a session locks its row until the commit.
SELECT message_count, next_seq FROM sessions
WHERE tenant_id = :tenant_id AND session_id = :session_id
{for_update};

-- name: update_session
UPDATE sessions
SET message_count = message_count + :added, next_seq = :next_seq, updated_at = :now
WHERE tenant_id = :tenant_id AND session_id = :session_id;

-- name: list_fingerprints
-- The messages of a session, deleted ones too, the latest first.
SELECT seq, content_hash FROM memories
WHERE tenant_id = :tenant_id AND session_id = :session_id AND is_message = 1
ORDER BY seq DESC, id DESC
LIMIT :limit;

-- name: find_fingerprints
SELECT seq, content_hash FROM memories
WHERE tenant_id = :tenant_id AND session_id = :session_id AND is_message = 1 AND seq BETWEEN :first_seq AND :last_seq;

-- name: measure_messages
-- How much text list_messages would return: characters or bytes, as the engine counts.
SELECT COALESCE(SUM(LENGTH(content)), 0) AS size
FROM (
  SELECT m.*, ROW_NUMBER() OVER (PARTITION BY session_id ORDER BY seq DESC, id DESC) AS place_from_end
  FROM memories m
  WHERE tenant_id = :tenant_id AND session_id IN (:session_ids...) AND is_message = 1 AND state = 'active'
) AS ranked
WHERE place_from_end <= :limit_per_session AND tenant_id = :tenant_id;

-- name: list_messages
-- The latest messages of each session, in the order they were said.
SELECT {memory_columns}
FROM (
  SELECT m.*, ROW_NUMBER() OVER (PARTITION BY session_id ORDER BY seq DESC, id DESC) AS place_from_end
  FROM memories m
  WHERE tenant_id = :tenant_id AND session_id IN (:session_ids...) AND is_message = 1 AND state = 'active'
) AS ranked
WHERE place_from_end <= :limit_per_session AND tenant_id = :tenant_id
ORDER BY session_id, seq, id;
