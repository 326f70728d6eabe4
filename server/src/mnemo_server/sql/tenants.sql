-- Tenants, the keys that open them, and responses already sent.

-- name: put_tenant
INSERT INTO tenants (tenant_id, name, state, created_at) VALUES (:tenant_id, :name, :state, :created_at);

-- name: count_tenants
SELECT COUNT(*) AS total FROM tenants;

-- name: put_key
INSERT INTO api_keys (key_hash, key_id, tenant_id, label, state, created_at)
VALUES (:key_hash, :key_id, :tenant_id, :label, :state, :created_at);

-- name: find_key
SELECT k.key_id, k.tenant_id, k.state AS key_state, t.state AS tenant_state
FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id
WHERE k.key_hash = :key_hash;

-- name: put_response
INSERT INTO idempotency (tenant_id, idempotency_key, request_hash, answer_status, answer, created_at)
VALUES (:tenant_id, :idempotency_key, :request_hash, :answer_status, :answer, :created_at);

-- name: find_response
SELECT request_hash, answer_status, answer, created_at FROM idempotency
WHERE tenant_id = :tenant_id AND idempotency_key = :idempotency_key;

-- name: remove_response
DELETE FROM idempotency
WHERE tenant_id = :tenant_id AND idempotency_key = :idempotency_key AND created_at < :before;

-- name: remove_old_responses
DELETE FROM idempotency WHERE created_at < :before;
