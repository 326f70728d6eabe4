-- Parts of statements that several files use as `{name}`; db/queries.py describes the notation.

-- fragment: memory_columns
-- A memory: exactly the fields of StoredMemory.
tenant_id, id, content, memory_type, state, version, content_hash, source, tags, metadata, agent_id,
  session_id, seq, role, name, project, superseded_by, updated_by, created_at, updated_at,
  subject, superseded_at, likeness, derived_from

-- fragment: for_update [mysql]
-- The caller has the rows until the commit.
FOR UPDATE

-- fragment: for_update [sqlite]
-- A write transaction of SQLite has locked the whole file already.
