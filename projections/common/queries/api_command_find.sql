-- $1 command_id uuid. The outcome of a command, else that it is pending; no row of either with lane_behind: nobody can know yet.
SELECT o.command_id IS NOT NULL AS decided, p.command_id IS NOT NULL AS pending, coalesce(o.sender, p.sender) AS sender,
       coalesce(o.status = 'rejected', false) AS rejected, coalesce(o.reason, '') AS reason, o.aggregate_id, o.partition,
       o.next_event, NOT coalesce((SELECT bool_and(caught_up) FROM lane_progress), false) AS lane_behind
FROM (VALUES ($1)) AS asked (command_id)
LEFT JOIN outcome o ON o.command_id = asked.command_id
LEFT JOIN pending_command p ON p.command_id = asked.command_id;
