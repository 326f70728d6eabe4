-- Values that a database is given once and keeps.

-- name: find_value
SELECT value FROM installation WHERE name = :name;

-- name: put_value
INSERT INTO installation (name, value, created_at) VALUES (:name, :value, :created_at);
