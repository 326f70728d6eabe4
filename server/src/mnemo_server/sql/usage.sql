-- What models cost, by tenant and day, and the budget that bounds it.

-- name: reserve
-- The condition and the change are one statement, so that no number of servers passes the limit together.
UPDATE usage_ledger
SET reserved_tokens = reserved_tokens + :tokens
WHERE tenant_id = :tenant_id AND day = :day AND kind = :kind
  AND reserved_tokens + input_tokens + output_tokens + :tokens <= :daily_tokens;

-- name: begin_day
INSERT INTO usage_ledger (tenant_id, day, kind, calls, reserved_tokens, input_tokens, output_tokens, cost_nanos)
VALUES (:tenant_id, :day, :kind, 0, 0, 0, 0, 0);

-- name: settle
UPDATE usage_ledger
SET reserved_tokens = reserved_tokens - :reserved_tokens, calls = calls + :calls,
  input_tokens = input_tokens + :input_tokens, output_tokens = output_tokens + :output_tokens,
  cost_nanos = cost_nanos + :cost_nanos
WHERE tenant_id = :tenant_id AND day = :day AND kind = :kind;

-- name: list_spent
-- A day on which everything was refused or released is none on which something was spent.
SELECT day, kind, calls, reserved_tokens, input_tokens, output_tokens, cost_nanos
FROM usage_ledger
WHERE tenant_id = :tenant_id AND (calls > 0 OR reserved_tokens > 0)
ORDER BY day DESC, kind
LIMIT :limit;
