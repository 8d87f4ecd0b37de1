-- hirelog_<service>_g<N>: how far the rows can be believed (V2). For new generations, and for those that an older program made.

-- Who was at the end of its log with the rows that are here: the lane's owner under that epoch, and the projectors. UNLOGGED on
-- purpose: PostgreSQL empties such a table when it recovers from a crash or is promoted, which is when the last commits of the view, which do
-- not wait for the disk or a standby, may be gone. A clean restart, which loses none, leaves it as it is.
CREATE UNLOGGED TABLE lane_caught_up (
    partition int PRIMARY KEY,
    epoch     int8 NOT NULL -- of another owner: not yet
);
CREATE UNLOGGED TABLE position_caught_up (
    source    text NOT NULL,
    partition int NOT NULL,
    PRIMARY KEY (source, partition)
);

-- What every reader asks: how far, and whether what is not there does not exist.
CREATE VIEW lane_progress AS
SELECT l.partition, l.next_event AS next, c.epoch IS NOT NULL AS caught_up
FROM lane l
LEFT JOIN lane_caught_up c ON c.partition = l.partition AND c.epoch = l.epoch;
CREATE VIEW position_progress AS
SELECT p.source, p.partition, p.next, c.source IS NOT NULL AS caught_up
FROM position p
LEFT JOIN position_caught_up c ON c.source = p.source AND c.partition = p.partition;
