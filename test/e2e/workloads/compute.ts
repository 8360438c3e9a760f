/**
 * What DuckDB is asked for each check of jobs/compute.py, over the same tables.
 * @see jobs/compute.py for the names.
 */
export const COMPUTED: Readonly<Record<string, string>> = {
  'broadcast-join': `select c_mktsegment, count(*), sum(o_totalprice) from orders join customer on c_custkey = o_custkey
    group by c_mktsegment order by c_mktsegment`,
  'skewed-join': `select s_name, count(*), sum(l_quantity)
    from (select if(l_orderkey % 10 < 9, 1, l_suppkey) as k, l_quantity from lineitem)
    join supplier on k = s_suppkey group by s_name order by s_name`,
  windows: `select o_orderstatus, sum(running), sum(place), sum(before), sum(share) from (
      select
        o_orderstatus,
        sum(o_totalprice) over (partition by o_custkey order by o_orderdate, o_orderkey) running,
        rank() over (partition by o_orderdate order by o_totalprice desc, o_orderkey) place,
        lag(o_totalprice, 1, 0) over (partition by o_clerk order by o_orderkey) before,
        count(*) over (
          partition by o_clerk order by o_orderkey rows between 2 preceding and 2 following
        ) share
      from orders
    ) group by o_orderstatus order by o_orderstatus`,
  udf: `select case o_orderpriority when '1-URGENT' then 'Tnegru' when '2-HIGH' then 'Hgih'
      when '3-MEDIUM' then 'Muidem' when '5-LOW' then 'Wol' else 'Deificeps Ton' end as v, count(*)
    from orders group by v order by v`,
  'arrow-udf': 'select o_orderkey % 7 as v, count(*) from orders group by v order by v',
  'pandas-udf': `select o_orderpriority, sum(o_totalprice::double * 2 + 1), sum(o_totalprice::double / 2)
    from orders group by o_orderpriority order by o_orderpriority`,
  'grouped-pandas-udf': `select o_orderpriority, max(o_totalprice)::double
    from orders group by o_orderpriority order by o_orderpriority`,
  'map-in-pandas': 'select count(*), sum(o_orderkey) from orders where o_totalprice > 400000',
  'map-in-arrow': 'select count(*), sum(o_orderkey) from orders where o_totalprice < 1000',
  'apply-in-pandas': `select o_orderpriority as name, count(*), (max(o_totalprice) - min(o_totalprice))::double
    from orders group by name order by name`,
  'apply-in-arrow': 'select o_orderpriority as name, count(*) from orders group by name order by name',
  cogroup: `select (select count(*) from customer where c_custkey < 200),
    (select count(*) from orders where o_custkey < 200),
    (select sum(c_custkey) from customer where c_custkey < 200)`,
  udtf: `select length(word) as n, count(*)
    from (select unnest(string_split_regex(trim(n_comment), '\\s+')) as word from nation) group by n order by n`,
  'shared-variables': `select n_name, count(*) from customer join nation on c_nationkey = n_nationkey
    group by n_name order by n_name`,
};
