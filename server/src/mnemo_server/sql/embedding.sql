-- What TiDB Cloud makes of a text; only its database has the function.

-- name: embed_text
SELECT VEC_AS_TEXT(EMBED_TEXT(:model, :text)) AS vector;
