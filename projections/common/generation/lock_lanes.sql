-- From here on no lane of this generation writes: its compare-and-set waits. Always lanes first, in this order.
SELECT partition FROM lane ORDER BY partition FOR UPDATE;
