-- Spark's text of what types.duckdb.sql says to DuckDB.
select
  id, text, cast(small as decimal(9, 2)) small, cast(large as decimal(38, 10)) large, cast(real as double) real, yes,
  cast(day as date) day, cast(instant as timestamp) instant, cast(clock as timestamp_ntz) clock, bytes, numbers,
  counts, part
from values
  (1, 'Zürich, "quoted"\nand a second line', '1.50', '1234567890123456789012345678.0123456789', '0.1', true,
    '2013-01-01', '2013-01-01T06:15:00.123456Z', '2013-01-01 06:15:00.123456', X'00ff', array(1, null, 3),
    map('a', 1, 'ü', 2), named_struct('x', 1, 'list', array('p', 'q'))),
  (2, '東京 🚄', '-0.01', '-0.0000000001', '-1e300', false,
    '1970-01-01', '1970-01-01T00:00:00Z', '1969-12-31 23:59:59.999999', X'', array(),
    map(), named_struct('x', null, 'list', array())),
  (3, '', '9999999.99', '0', '0', null,
    '9999-12-31', '2038-01-19T03:14:08Z', '1900-01-01 00:00:00', X'41', array(0),
    map('', 0), named_struct('x', -1, 'list', array('', 'NULL', 'a\tb'))),
  (4, null, null, null, null, null, null, null, null, null, null, null, null)
  as v (id, text, small, large, real, yes, day, instant, clock, bytes, numbers, counts, part)
