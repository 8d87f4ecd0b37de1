-- How far each lane's view is, and the live generation: another one than the connection's makes it connect anew.
SELECT partition, next_command, (SELECT generation FROM control) AS generation FROM lane;
