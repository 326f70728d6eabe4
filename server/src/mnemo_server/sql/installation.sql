-- Values that are set once for a database.

-- name: find_value
SELECT value FROM installation WHERE name = :name;

-- name: put_value
INSERT INTO installation (name, value, created_at) VALUES (:name, :value, :created_at);
