"""Tables in the warehouse; what is in them is judged from the objects in the store."""

from __future__ import annotations

from pyspark.sql import SparkSession

from report import attempt

DAY = "cast(date_add(date '2013-01-01', cast(id % 3 as int)) as string)"


def run(spark: SparkSession) -> None:
    attempt("warehouse", lambda: spark.conf.get("spark.sql.warehouse.dir"))
    orders = spark.table("orders")
    attempt("saved", orders.repartition(4).write.saveAsTable, "saved")
    bucketed = orders.write.bucketBy(8, "o_orderkey").sortBy("o_orderkey")
    attempt("bucketed", bucketed.saveAsTable, "bucketed")
    ctas = "create table ctas using orc as select o_orderkey, o_orderstatus, o_totalprice from orders"
    attempt("ctas", lambda: spark.sql(ctas).collect())

    def inserted() -> None:
        spark.sql("create table inserted (id bigint, day string) using parquet partitioned by (day)")
        first = spark.range(3_000).selectExpr("id", f"{DAY} as day")
        first.write.insertInto("inserted")
        first.selectExpr("id + 3000", "day").write.insertInto("inserted")
        spark.sql("insert into inserted values (6000, '2013-01-01')")
        spark.sql("insert overwrite inserted partition (day = '2013-01-02') values (-1), (-2)")

    attempt("inserted", inserted)
    from_itself = "insert overwrite inserted select id, day from inserted where id < 0"
    attempt("overwritten-while-read", lambda: spark.sql(from_itself).collect())
    names = ("saved", "bucketed", "ctas", "inserted")
    attempt("counted", lambda: [spark.table(name).count() for name in names])
