"""The statements on entries, as text."""

from knowledge_svc.adapters.rows import ENTRY_COLUMNS, LINEAGE, VERSION_COLUMNS

LINEAGE_OF = LINEAGE.format(unit="$1")

LOCK_ENTRY = "SELECT entry_id FROM entries WHERE entry_id = $1 FOR UPDATE"
ENTRY = f"""
SELECT {ENTRY_COLUMNS} FROM entries e JOIN versions v ON v.entry_id = e.entry_id AND v.version = e.version
WHERE e.entry_id = $1
"""
NOW_FOUND = "(d.since IS NULL OR d.since <= $1) AND (d.until IS NULL OR d.until > $1)"
"""Half-open, by the business clock given as the first argument."""
QUOTABLE = f"""
SELECT {ENTRY_COLUMNS} FROM search_documents d JOIN entries e USING (entry_id)
JOIN versions v ON v.entry_id = d.entry_id AND v.version = d.version
WHERE {NOW_FOUND} AND d.entry_id = $2
"""
_BELOW = """
WITH RECURSIVE below(code) AS (
    SELECT {unit} UNION SELECT units.code FROM below JOIN units ON units.parent = below.code
)
SELECT code FROM below
"""
_WANTED = f"""
($2::text IS NULL OR e.unit IN ({_BELOW.format(unit="$2")}))
AND ($3::text IS NULL OR v.kind = $3)
AND ($4::timestamptz IS NULL OR (e.created_at, e.entry_id) < ($4, $5::uuid))
ORDER BY e.created_at DESC, e.entry_id DESC LIMIT $6
"""
PAGE_OF_ALL = f"""
SELECT {ENTRY_COLUMNS} FROM entries e JOIN versions v ON v.entry_id = e.entry_id AND v.version = e.version
WHERE ($1::text IS NULL OR e.unit IN ({_BELOW.format(unit="$1")}))
    AND ($7::text IS NULL OR e.state = $7 OR ($7 = 'published' AND e.published_version IS NOT NULL)) AND {_WANTED}
"""
PAGE_OF_QUOTABLE = f"""
SELECT {ENTRY_COLUMNS} FROM search_documents d JOIN entries e USING (entry_id)
JOIN versions v ON v.entry_id = d.entry_id AND v.version = d.version
WHERE {NOW_FOUND} AND {_WANTED}
"""
VERSIONS_BEFORE = f"""
SELECT {VERSION_COLUMNS} FROM versions v
WHERE v.entry_id = $1 AND ($2::bigint IS NULL OR v.version < $2) ORDER BY v.version DESC LIMIT $3
"""

INSERT_ENTRY = """
INSERT INTO entries (entry_id, site, unit, created_at, state, kind, version, published_version, revision, last_at,
    last_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
UPDATE_ENTRY = """
UPDATE entries SET state = $2, kind = $3, version = $4, published_version = $5, revision = $6, last_at = $7,
    last_hash = $8
WHERE entry_id = $1
"""
# A version's words never change: only what became of it.
PUT_VERSION = """
INSERT INTO versions (entry_id, version, state, kind, title, body, source_url, valid_from, valid_until, written_by,
    written_at, submitted_by, submitted_at, decided_by, decided_at, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (entry_id, version) DO UPDATE SET state = excluded.state, submitted_by = excluded.submitted_by,
    submitted_at = excluded.submitted_at, decided_by = excluded.decided_by, decided_at = excluded.decided_at,
    reason = excluded.reason
"""
REPLACE_VERSIONS = """
UPDATE versions SET state = became.state
FROM unnest($2::int[], $3::text[]) AS became(version, state)
WHERE versions.entry_id = $1 AND versions.version = became.version
"""
INSERT_HISTORY = """
INSERT INTO history (entry_id, seq, event_id, type, at, item, previous_hash, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

# From its beginning on ($2, null: now) a new publication alone is found, even after its own end.
REMOVE_LATER = """
DELETE FROM search_documents WHERE entry_id = $1 AND ($2::timestamptz IS NULL OR since >= $2)
"""
CUT_EARLIER = """
UPDATE search_documents SET until = $2 WHERE entry_id = $1 AND (until IS NULL OR until > $2)
"""
INSERT_DOCUMENT = """
INSERT INTO search_documents (entry_id, version, since, until, title_text, body_text, words, title_grams, grams,
    edition)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::tsvector, $8, $9, $10)
"""
REMOVE_DOCUMENTS = "DELETE FROM search_documents WHERE entry_id = $1"

_EVERY_TERM = "NOT EXISTS (SELECT FROM unnest($3::text[]) AS t(term) WHERE {})"
_IN_TITLE = _EVERY_TERM.format("strpos(d.title_text, term) = 0")
_IN_ALL = _EVERY_TERM.format("strpos(d.title_text, term) = 0 AND strpos(d.body_text, term) = 0")
_RANK = "0.5::float8 * coalesce(ts_rank('{0.1, 0.2, 0.4, 1}', d.words, $7::text::tsquery, 32), 0)"
# Three nets, each wider: terms in the title; every term, or every word, anywhere; half of the words. A wider one is
# cast only if those before it did not fill the answer: what it finds would stand below.
SEARCH = f"""
WITH in_titles AS MATERIALIZED (
    SELECT d.entry_id, d.version,
        4 + 0.5::float8 * length(array_to_string($3::text[], '')) / length(d.title_text) + {_RANK} AS score
    FROM search_documents d
    WHERE d.title_grams @> $2 AND {_IN_TITLE} AND {NOW_FOUND}
    ORDER BY score DESC, d.entry_id DESC LIMIT $8
), complete AS MATERIALIZED (
    SELECT d.entry_id, d.version,
        CASE WHEN d.words @@ $5::text::tsquery THEN 3 WHEN {_IN_ALL} THEN 2 ELSE 1 END + {_RANK} AS score
    FROM search_documents d
    WHERE (SELECT count(*) FROM in_titles) < $8 AND {NOW_FOUND}
        AND (d.words @@ $6::text::tsquery OR (d.grams @> $2 AND {_IN_ALL}))
        AND NOT EXISTS (SELECT FROM in_titles i WHERE i.entry_id = d.entry_id)
    ORDER BY score DESC, d.entry_id DESC LIMIT $8
), near AS (
    SELECT d.entry_id, d.version, {_RANK} AS score
    FROM search_documents d
    WHERE (SELECT count(*) FROM in_titles) + (SELECT count(*) FROM complete) < $8 AND {NOW_FOUND}
        AND d.words @@ $4::text::tsquery
        AND NOT EXISTS (SELECT FROM in_titles i WHERE i.entry_id = d.entry_id)
        AND NOT EXISTS (SELECT FROM complete i WHERE i.entry_id = d.entry_id)
    ORDER BY score DESC, d.entry_id DESC LIMIT $8
), rated AS (
    SELECT * FROM in_titles UNION ALL SELECT * FROM complete UNION ALL SELECT * FROM near
    ORDER BY score DESC, entry_id DESC LIMIT $8
)
SELECT rated.entry_id, rated.score, e.unit, v.kind, v.title, v.body
FROM rated JOIN versions v USING (entry_id, version) JOIN entries e USING (entry_id)
ORDER BY rated.score DESC, rated.entry_id DESC
"""

OF_OTHER_EDITION = """
SELECT v.entry_id, v.version, v.title, v.body
FROM search_documents d JOIN versions v USING (entry_id, version)
WHERE d.edition <> $1 ORDER BY v.entry_id, v.version LIMIT 200 FOR UPDATE OF d
"""
INDEX_AGAIN = """
UPDATE search_documents SET title_text = $3, body_text = $4, words = $5::text::tsvector, title_grams = $6, grams = $7,
    edition = $8
WHERE entry_id = $1 AND version = $2
"""
