-- What the sweep for secrets reads and writes: a tenant's rows in the order of their keys, in every state.

-- name: count_rows
-- How many rows there are to check.
SELECT
  (SELECT COUNT(*) FROM sessions WHERE tenant_id = :tenant_id)
  + (SELECT COUNT(*) FROM memories WHERE tenant_id = :tenant_id)
  + (SELECT COUNT(*) FROM events WHERE tenant_id = :tenant_id)
  + (SELECT COUNT(*) FROM idempotency WHERE tenant_id = :tenant_id)
  + (SELECT COUNT(*) FROM jobs WHERE tenant_id = :tenant_id)
  + (SELECT COUNT(*) FROM recalls WHERE tenant_id = :tenant_id) AS total;

-- name: list_all_memories
SELECT {memory_columns}
FROM memories
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id
LIMIT :limit;

-- name: rewrite_memory
-- Compare-and-swap on the version. Writes whatever may contain a secret, and leaves the state as it is.
UPDATE memories
SET content = :content, content_hash = :content_hash, likeness = :likeness, source = :source, tags = :tags,
  metadata = :metadata, session_id = :session_id, name = :name, project = :project, subject = :subject,
  version = version + 1, updated_by = :updated_by, updated_at = :updated_at
WHERE tenant_id = :tenant_id AND id = :id AND version = :version;

-- name: rewrite_entry
-- The vector is of the text before; an active row without one is found and re-embedded.
UPDATE search_entries
SET revision = :revision, is_active = :is_active, token_count = :token_count, terms = :terms, traits = :traits,
  session_key = :session_key, speaker = :speaker, changed_at = :changed_at, model_id = 0, vector_code = NULL
WHERE tenant_id = :tenant_id AND memory_id = :memory_id;

-- name: list_event_texts
SELECT id AS row_key, happened_at AS stamp, prior, detail
FROM events
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id
LIMIT :limit;

-- name: rewrite_event_texts
-- Nothing but secrets is ever taken out of an event.
UPDATE events SET prior = :prior, detail = :detail
WHERE tenant_id = :tenant_id AND id = :row_key AND happened_at = :stamp;

-- name: list_response_texts
SELECT idempotency_key AS row_key, created_at AS stamp, answer
FROM idempotency
WHERE tenant_id = :tenant_id AND idempotency_key > :after
ORDER BY idempotency_key
LIMIT :limit;

-- name: rewrite_response_texts
UPDATE idempotency SET answer = :answer
WHERE tenant_id = :tenant_id AND idempotency_key = :row_key AND created_at = :stamp;

-- name: list_job_texts
SELECT id AS row_key, updated_at AS stamp, target, note, error, detail
FROM jobs
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id
LIMIT :limit;

-- name: rewrite_job_texts
-- What is running writes its own.
UPDATE jobs SET target = :target, note = :note, error = :error, detail = :detail
WHERE tenant_id = :tenant_id AND id = :row_key AND updated_at = :stamp AND state <> 'running';

-- name: list_recall_texts
SELECT id AS row_key, created_at AS stamp, prompt, session_id, project
FROM recalls
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id
LIMIT :limit;

-- name: rewrite_recall_texts
UPDATE recalls SET prompt = :prompt, session_id = :session_id, project = :project
WHERE tenant_id = :tenant_id AND id = :row_key AND created_at = :stamp;

-- name: list_session_texts
SELECT session_id AS row_key, created_at AS stamp, session_id
FROM sessions
WHERE tenant_id = :tenant_id AND session_id > :after
ORDER BY session_id
LIMIT :limit;

-- name: rename_session [mysql]
-- A session under another name; where there is one of that name, the two are one from now on.
INSERT INTO sessions (tenant_id, session_id, agent_id, message_count, next_seq, created_at, updated_at)
SELECT tenant_id, :session_id, agent_id, message_count, next_seq, created_at, updated_at
FROM sessions AS old
WHERE old.tenant_id = :tenant_id AND old.session_id = :row_key AND old.created_at = :stamp
ON DUPLICATE KEY UPDATE message_count = sessions.message_count + VALUES(message_count),
  next_seq = GREATEST(sessions.next_seq, VALUES(next_seq));

-- name: rename_session [sqlite]
INSERT INTO sessions (tenant_id, session_id, agent_id, message_count, next_seq, created_at, updated_at)
SELECT tenant_id, :session_id, agent_id, message_count, next_seq, created_at, updated_at
FROM sessions AS old
WHERE old.tenant_id = :tenant_id AND old.session_id = :row_key AND old.created_at = :stamp
ON CONFLICT (tenant_id, session_id) DO UPDATE SET message_count = message_count + excluded.message_count,
  next_seq = MAX(next_seq, excluded.next_seq);

-- name: remove_session
DELETE FROM sessions
WHERE tenant_id = :tenant_id AND session_id = :row_key AND created_at = :stamp;
