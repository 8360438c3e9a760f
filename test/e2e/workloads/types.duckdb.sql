select
  id, text, small::decimal(9, 2) small, large::decimal(38, 10) large, real::double real, yes,
  day::date as day, instant::timestamptz instant, clock::timestamp clock, bytes, numbers, counts, part
from (
  values
    (1, 'Zürich, "quoted"' || chr(10) || 'and a second line', '1.50', '1234567890123456789012345678.0123456789', '0.1',
      true, '2013-01-01', '2013-01-01T06:15:00.123456Z', '2013-01-01 06:15:00.123456', '\x00\xFF'::blob, [1, null, 3],
      map {'a': 1, 'ü': 2}, {'x': 1, 'list': ['p', 'q']}),
    (2, '東京 🚄', '-0.01', '-0.0000000001', '-1e300',
      false, '1970-01-01', '1970-01-01T00:00:00Z', '1969-12-31 23:59:59.999999', ''::blob, [],
      map {}, {'x': null, 'list': []}),
    (3, '', '9999999.99', '0', '0',
      null, '9999-12-31', '2038-01-19T03:14:08Z', '1900-01-01 00:00:00', 'A'::blob, [0],
      map {'': 0}, {'x': -1, 'list': ['', 'NULL', 'a' || chr(9) || 'b']}),
    (4, null, null, null, null, null, null, null, null, null, null, null, null)
) v (id, text, small, large, real, yes, day, instant, clock, bytes, numbers, counts, part)
