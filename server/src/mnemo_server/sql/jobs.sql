-- Durable jobs and their items.

-- name: request_job [mysql]
-- Asks for a job, or once more for the one there is. Every CASE speaks of the row as it was, so a column is
-- read before it is written. The pause of a job that waits after an error, or with a note, goes on; one that
-- is running keeps its time for its next run.
INSERT INTO jobs (tenant_id, id, kind, target, state, requests, attempts, run_at, done_count, total_count,
  detail, created_at, updated_at)
VALUES (:tenant_id, :id, :kind, :target, 'waiting', 1, 0, :run_at, 0, 0, :detail, :now, :now)
ON DUPLICATE KEY UPDATE
  run_at = CASE
    WHEN state = 'waiting' AND (attempts > 0 OR note IS NOT NULL) THEN run_at
    WHEN state = 'waiting' OR (state = 'running' AND run_at > :now) THEN LEAST(run_at, :run_at)
    ELSE :run_at END,
  attempts = CASE WHEN state IN ('waiting', 'running') THEN attempts ELSE 0 END,
  error = CASE WHEN state IN ('waiting', 'running') THEN error END,
  done_count = CASE WHEN state IN ('waiting', 'running') THEN done_count ELSE 0 END,
  total_count = CASE WHEN state IN ('waiting', 'running') THEN total_count ELSE 0 END,
  state = CASE WHEN state = 'running' THEN state ELSE 'waiting' END,
  requests = requests + 1,
  detail = COALESCE(:detail, detail),
  updated_at = :now;

-- name: request_job [sqlite]
INSERT INTO jobs (tenant_id, id, kind, target, state, requests, attempts, run_at, done_count, total_count,
  detail, created_at, updated_at)
VALUES (:tenant_id, :id, :kind, :target, 'waiting', 1, 0, :run_at, 0, 0, :detail, :now, :now)
ON CONFLICT (tenant_id, kind, target) DO UPDATE SET
  run_at = CASE
    WHEN state = 'waiting' AND (attempts > 0 OR note IS NOT NULL) THEN run_at
    WHEN state = 'waiting' OR (state = 'running' AND run_at > :now) THEN MIN(run_at, :run_at)
    ELSE :run_at END,
  attempts = CASE WHEN state IN ('waiting', 'running') THEN attempts ELSE 0 END,
  error = CASE WHEN state IN ('waiting', 'running') THEN error END,
  done_count = CASE WHEN state IN ('waiting', 'running') THEN done_count ELSE 0 END,
  total_count = CASE WHEN state IN ('waiting', 'running') THEN total_count ELSE 0 END,
  state = CASE WHEN state = 'running' THEN state ELSE 'waiting' END,
  requests = requests + 1,
  detail = COALESCE(:detail, detail),
  updated_at = :now;

-- name: find_requested
SELECT id, requests FROM jobs WHERE tenant_id = :tenant_id AND kind = :kind AND target = :target;

-- name: put_item [mysql]
INSERT INTO job_items (tenant_id, job_id, item_id, requests)
VALUES (:tenant_id, :job_id, :item_id, :requests)
ON DUPLICATE KEY UPDATE requests = VALUES(requests);

-- name: put_item [sqlite]
INSERT INTO job_items (tenant_id, job_id, item_id, requests)
VALUES (:tenant_id, :job_id, :item_id, :requests)
ON CONFLICT (tenant_id, job_id, item_id) DO UPDATE SET requests = excluded.requests;

-- name: list_due_tenants
-- Read from jobs_by_due alone, but for the few rows that are running; nothing is read while nothing is due. A
-- tenant may come twice. The hint makes TiDB group rows where they are stored.
SELECT /*+ AGG_TO_COP() */ tenant_id, MIN(run_at) AS due_since FROM jobs
WHERE state = 'waiting' AND kind IN (:kinds...) AND run_at <= :now
GROUP BY tenant_id
UNION ALL
SELECT tenant_id, MIN(lease_until) AS due_since FROM jobs
WHERE state = 'running' AND kind IN (:kinds...) AND lease_until <= :lost_before
GROUP BY tenant_id;

-- name: list_claimable
-- What is due of one tenant, and what was left behind by servers that are gone. Without the hint TiDB would
-- read what is due of all tenants.
SELECT id, state, owner, attempts FROM (
  SELECT * FROM (
    SELECT /*+ USE_INDEX(jobs, jobs_by_turn) */ id, kind, state, owner, attempts, run_at
    FROM jobs
    WHERE tenant_id = :tenant_id AND state = 'waiting' AND kind IN (:kinds...) AND run_at <= :now
    ORDER BY run_at, kind, id
    LIMIT :limit
  ) AS due
  UNION ALL
  SELECT * FROM (
    SELECT /*+ USE_INDEX(jobs, jobs_by_turn) */ id, kind, state, owner, attempts, run_at
    FROM jobs
    WHERE tenant_id = :tenant_id AND state = 'running' AND kind IN (:kinds...)
      AND lease_until <= :lost_before
    ORDER BY run_at, kind, id
    LIMIT :limit
  ) AS lost
) AS claimable
ORDER BY run_at, kind, id
LIMIT :limit;

-- name: claim_job
-- Compare-and-swap: touches nothing when another server was faster.
UPDATE jobs
SET state = 'running', owner = :token, lease_until = :lease_until, note = NULL, updated_at = :now
WHERE tenant_id = :tenant_id AND id = :id AND state = 'waiting' AND run_at <= :now;

-- name: take_over_job
-- Compare-and-swap: touches nothing when the owner has renewed its lease, or another server was faster.
UPDATE jobs
SET state = :state, owner = :token, lease_until = :lease_until, attempts = attempts + 1, error = :error,
  note = NULL, updated_at = :now
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND owner = :lost_owner
  AND lease_until <= :lost_before;

-- name: find_claimed
SELECT tenant_id, id, kind, target, detail, requests, attempts, owner AS token FROM jobs
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND owner = :token;

-- name: renew_claim
UPDATE jobs SET lease_until = :lease_until
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND owner = :token;

-- name: report_progress
UPDATE jobs
SET lease_until = :lease_until, done_count = :done_count, total_count = :total_count, updated_at = :now
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND owner = :token;

-- name: hold_claim
-- Locks the row until the commit, and touches nothing when the claim has passed to another server.
UPDATE jobs SET updated_at = :now
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND owner = :token;

-- name: note_detail
UPDATE jobs SET detail = :detail
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND owner = :token AND requests = :requests;

-- name: find_held
SELECT requests, attempts, run_at, error FROM jobs
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND owner = :token;

-- name: release_claim
UPDATE jobs
SET state = :state, attempts = :attempts, run_at = :run_at, note = :note, error = :error,
  detail = COALESCE(:detail, detail), done_count = COALESCE(:done_count, done_count),
  total_count = COALESCE(:total_count, total_count), owner = NULL, lease_until = NULL, updated_at = :now
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND owner = :token;

-- name: list_items
SELECT item_id FROM job_items
WHERE tenant_id = :tenant_id AND job_id = :job_id AND requests <= :requests
ORDER BY item_id
LIMIT :limit;

-- name: find_item
-- Whether there is one.
SELECT item_id FROM job_items WHERE tenant_id = :tenant_id AND job_id = :job_id LIMIT 1;

-- name: count_items
SELECT COUNT(*) AS total FROM job_items WHERE tenant_id = :tenant_id AND job_id = :job_id;

-- name: remove_items
DELETE FROM job_items
WHERE tenant_id = :tenant_id AND job_id = :job_id AND item_id IN (:item_ids...) AND requests <= :requests;

-- name: find_job
SELECT tenant_id, id, kind, target, state, attempts, done_count, total_count, run_at, created_at, updated_at,
  note, error, detail
FROM jobs
WHERE tenant_id = :tenant_id AND id = :id;

-- name: list_jobs
SELECT tenant_id, id, kind, target, state, attempts, done_count, total_count, run_at, created_at, updated_at,
  note, error, detail
FROM jobs
WHERE tenant_id = :tenant_id AND (:state IS NULL OR state = :state)
ORDER BY updated_at DESC, id DESC
LIMIT :limit;

-- name: count_jobs
-- Served by jobs_by_due alone.
SELECT state, COUNT(*) AS total, MIN(run_at) AS oldest FROM jobs
WHERE state IN ('waiting', 'running', 'failed')
GROUP BY state;

-- name: find_old_jobs
-- Done ones; a job is never done before it was due.
SELECT tenant_id, id FROM jobs
WHERE state = 'done' AND run_at < :before AND updated_at < :before
LIMIT :limit;

-- name: remove_jobs
DELETE FROM jobs
WHERE tenant_id = :tenant_id AND id IN (:ids...) AND state = 'done' AND updated_at < :before;
