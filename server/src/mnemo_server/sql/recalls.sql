-- Recalls: what models were shown, and what sessions ended with.

-- fragment: recall_columns
tenant_id, id, event, prompt, session_id, project, agent_id, silence, tokens, elapsed_ms, considered, created_at

-- name: put_recall
INSERT INTO recalls ({recall_columns})
VALUES (:tenant_id, :id, :event, :prompt, :session_id, :project, :agent_id, :silence, :tokens, :elapsed_ms,
  :considered, :created_at);

-- name: list_recalls
-- An unused filter is null.
SELECT {recall_columns}
FROM recalls
WHERE tenant_id = :tenant_id
  AND (:silent IS NULL OR (silence IS NOT NULL) = :silent)
ORDER BY id DESC
LIMIT :limit;

-- name: list_session_recalls
SELECT {recall_columns}
FROM recalls
WHERE tenant_id = :tenant_id AND session_id = :session_id
  AND (:silent IS NULL OR (silence IS NOT NULL) = :silent)
ORDER BY id DESC
LIMIT :limit;

-- name: find_recall
SELECT {recall_columns}
FROM recalls
WHERE tenant_id = :tenant_id AND id = :id;

-- name: remove_old_recalls
DELETE FROM recalls WHERE created_at < :before;

-- name: list_last_sessions
-- The latest sessions of a tenant, each with the project of its latest message.
SELECT session_id, (
    SELECT project FROM memories
    WHERE memories.tenant_id = sessions.tenant_id AND memories.session_id = sessions.session_id AND is_message = 1
    ORDER BY seq DESC, id DESC
    LIMIT 1) AS project
FROM sessions
WHERE tenant_id = :tenant_id AND message_count > 0
ORDER BY updated_at DESC, session_id
LIMIT :limit;

-- name: list_last_messages
SELECT {memory_columns}
FROM memories
WHERE tenant_id = :tenant_id AND session_id = :session_id AND is_message = 1 AND state = 'active'
ORDER BY seq DESC, id DESC
LIMIT :limit;
