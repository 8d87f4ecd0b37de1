-- ThreadRead -> thread.  Later messages may have raised the version before: the mark is compared by itself.
UPDATE thread t
SET first_read_up_to = CASE WHEN e.reader_id = t.first_id THEN greatest(t.first_read_up_to, e.up_to) ELSE t.first_read_up_to END,
    second_read_up_to = CASE WHEN e.reader_id = t.second_id THEN greatest(t.second_read_up_to, e.up_to)
                             ELSE t.second_read_up_to END,
    version = greatest(t.version, e.version), updated_at = greatest(t.updated_at, e.occurred_at)
FROM unnest(:aggregate_id, :reader_id, :up_to, :version, :occurred_at) AS e (thread_id, reader_id, up_to, version, occurred_at)
WHERE t.thread_id = e.thread_id
  AND (t.version < e.version OR CASE e.reader_id WHEN t.first_id THEN t.first_read_up_to ELSE t.second_read_up_to END < e.up_to);
