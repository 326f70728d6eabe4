-- Writes entries together with their vectors, which the server's own statements write one by one.

-- name: put_embedded_entry
INSERT INTO search_entries (tenant_id, memory_id, revision, is_active, token_count, terms, session_key, seq,
  speaker, traits, changed_at, created_at, model_id, vector_code)
VALUES (:tenant_id, :memory_id, :revision, 1, :token_count, :terms, :session_key, :seq,
  :speaker, :traits, :changed_at, :created_at, :model_id, :vector_code);

-- name: put_token_codes
INSERT INTO search_vectors (tenant_id, memory_id, model_id, token_codes)
VALUES (:tenant_id, :memory_id, :model_id, :token_codes);
